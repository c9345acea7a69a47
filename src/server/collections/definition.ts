/** Reads the SDL file of the option `schema`. */
import { readFileSync } from 'node:fs';
import type { SdlDefinition } from '../../../schema/sdl/definition.ts';
import { parseSdlFile } from '../../../schema/sdl/parse-sdl-file.ts';

/**
 * Undefined without a file: then the server has the collection `Item`. Throws what `parseSdlFile` throws.
 * @throws {RangeError} when the file can't be read
 */
export function definitionIn(file: string | undefined): SdlDefinition | undefined {
  if (file === undefined) return undefined;
  return parseSdlFile(read(file), file);
}

function read(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is not UTF-8' : (code ?? String(error));
    throw new RangeError(`schema must name an SDL file that can be read, not ${JSON.stringify(file)} (${why})`, {
      cause: error,
    });
  }
}
