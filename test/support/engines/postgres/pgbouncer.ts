/** Real PgBouncers before a PostgreSQL. */
import { chownSync, globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { findOnPath } from '../../processes/programs.ts';
import { describeWithProgram, EngineServer, freePort } from '../engine-server.ts';
import { describeWithPostgres, type PostgresServer, type StartPostgres, userOf } from '../postgres.ts';

/** Debian keeps it away from the PATH of users. */
const PROGRAM = globSync('/usr/sbin/pgbouncer').at(0) ?? findOnPath('pgbouncer');

/** Ends with its test. `config`: lines such as `server_round_robin = 1`, which override the default ones. */
export type StartPgBouncer = (before: PostgresServer, config: readonly string[]) => Promise<PgBouncer>;

export function describeWithPgBouncer(
  title: string,
  define: (startPostgres: StartPostgres, start: StartPgBouncer) => void,
): void {
  const start: StartPgBouncer = async (before, config) => {
    const server = await PgBouncer.start(before, config);
    onTestFinished(() => server.stop());
    return server;
  };
  describeWithProgram(
    'pgbouncer',
    title,
    () => describeWithPostgres(title, (startPostgres) => define(startPostgres, start)),
    undefined,
    PROGRAM,
  );
}

export class PgBouncer extends EngineServer {
  readonly store = this.directory;
  protected readonly ready = /process up/;
  protected override readonly user = userOf('postgres');
  readonly #config: string;

  private constructor(port: number, { port: serverPort }: PostgresServer, config: readonly string[]) {
    super(`postgres://postgres@127.0.0.1:${port}/postgres`);
    this.#config = `[databases]
* = host=127.0.0.1 port=${serverPort} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
${config.join('\n')}
`;
  }

  static async start(before: PostgresServer, config: readonly string[]): Promise<PgBouncer> {
    const server = new PgBouncer(await freePort(), before, config);
    await server.start();
    return server;
  }

  flags(url = this.url): readonly string[] {
    return ['--postgres', url];
  }

  protected command(): readonly [string, ...string[]] {
    const file = join(this.directory, 'pgbouncer.ini');
    writeFileSync(file, this.#config);
    if (this.user.uid !== undefined && this.user.gid !== undefined)
      for (const path of [this.directory, file]) chownSync(path, this.user.uid, this.user.gid);
    return [PROGRAM ?? 'pgbouncer', file];
  }
}
