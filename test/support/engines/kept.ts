/** A map that is kept in a directory, which goes away with the test. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Logger } from '../../../src/core/model/logger.ts';
import { exportState } from '../../../src/core/replica/snapshot.ts';
import type { StreamingMapOptions } from '../../../src/core/map-options.ts';
import { StreamingMap } from '../../../src/core/streaming-map.ts';
import { FileLog, type FileLogOptions } from '../../../src/logs/file/file-log.ts';

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'seamline-kept-'));
  // What makes a snapshot for a server that was killed may take a moment to notice.
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 50 }));
  return directory;
}

export interface KeptOptions extends Partial<Omit<FileLogOptions, 'directory'>> {
  readonly map?: Partial<StreamingMapOptions>;
  readonly worker?: URL;
}

/** It is closed at the end of the test, if not before. */
export async function openKept(
  directory: string,
  { map: options = {}, worker, ...rest }: KeptOptions = {},
): Promise<StreamingMap> {
  const log = new FileLog({ directory, ...rest }, worker);
  const map = await StreamingMap.open({ log, logger: rest.logger, ...options });
  onTestFinished(() => map.close());
  return map;
}

/** What a process that is killed now leaves behind. */
export function copyOf(directory: string): string {
  const copy = temporaryDirectory();
  cpSync(directory, copy, { recursive: true });
  return copy;
}

/** Everything a replica is made of. */
export const stateOf = ({ replica }: StreamingMap): string[] => [...exportState(replica)];

export interface Heard {
  readonly logger: Logger;
  readonly lines: string[];
  /** Resolves once a line says this. */
  until(text: RegExp): Promise<void>;
}

/** What is logged. */
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
