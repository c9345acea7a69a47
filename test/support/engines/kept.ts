/** A map in a directory, which is removed after the test. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Logger } from '../../../src/core/model/logger.ts';
import { exportState } from '../../../src/core/replica/snapshot.ts';
import type { StreamingMapOptions } from '../../../src/core/map-options.ts';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { FileLog } from '../../../src/logs/file/file-log.ts';
import type { FileLogOptions } from '../../../src/logs/file/options.ts';

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'seamline-kept-'));
  // The process that builds a snapshot needs a moment to notice that its server was killed.
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 50 }));
  return directory;
}

export interface KeptOptions extends Partial<Omit<FileLogOptions, 'directory'>> {
  readonly map?: Partial<StreamingMapOptions>;
  readonly worker?: URL;
}

/** Closed when the test ends. */
export async function openKept(
  directory: string,
  { map: options = {}, worker, ...rest }: KeptOptions = {},
): Promise<StreamingMap> {
  const log = new FileLog({ directory, ...rest }, worker);
  const map = await StreamingMap.open({ log, logger: rest.logger, ...options });
  onTestFinished(() => map.close());
  return map;
}

/** What would be there if the process were killed now. */
export function copyOf(directory: string): string {
  const copy = temporaryDirectory();
  cpSync(directory, copy, { recursive: true });
  return copy;
}

/** The whole state of a replica. */
export const stateOf = ({ replica }: StreamingMap): string[] => [...exportState(replica)];

export interface Heard {
  readonly logger: Logger;
  readonly lines: string[];
  /** Resolves once a new line matches. */
  until(text: RegExp): Promise<void>;
}

/** A logger that records its lines. */
export function hearing(): Heard {
  const lines: string[] = [];
  let wake = (): void => {};
  const say = (_fields: object, line: string): void => {
    lines.push(line);
    wake();
  };
  return {
    logger: { info: say, warn: say, error: say },
    lines,
    async until(text) {
      const seen = lines.length;
      while (!lines.slice(seen).some((line) => text.test(line))) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}
