/** A code block of the documents that no test runs, and why. `line`: only this line of a block of commands is not run. */
export interface NotRun {
  readonly page: string;
  readonly title: string;
  readonly nth?: number;
  readonly line?: string;
  readonly why: string;
}

const NO_NATS_CLI =
  'Debian has no package of the `nats` command; a test creates the same with its flags, and a node accepts it';
const NO_ENGINE = 'needs a container engine: `node scripts/image.mjs` builds the image, and compares it with the page';

export const NOT_RUN: readonly NotRun[] = [
  { page: 'ARCHITECTURE.md', title: 'One idea: a subscription is a position', why: 'a picture' },
  { page: 'README.md', title: 'seamline', why: 'a picture' },
  {
    page: 'README.md',
    title: 'Quick start',
    line: 'git clone https://github.com/seamline/seamline.git && cd seamline',
    why: 'needs the network; the tests run in a clone',
  },
  {
    page: 'README.md',
    title: 'Installation',
    line: 'npm run package && npm pack ./dist/package',
    why: 'test/package/ runs it',
  },
  { page: 'README.md', title: 'Installation', line: 'docker build -t seamline .', why: NO_ENGINE },
  {
    page: 'CONTRIBUTING.md',
    title: 'Contributing',
    line: 'npm run test:abuse',
    why: 'takes six minutes, and needs a machine on which nothing else runs',
  },
  {
    page: 'docs/clients.md',
    title: 'A Vite page',
    line: 'npm run package && npm pack ./dist/package',
    why: 'test/package/ runs it',
  },
  {
    page: 'docs/clients.md',
    title: 'A Vite page',
    nth: 2,
    why: 'needs the network; a test serves the page from the Vite of this project',
  },
  { page: 'CONTRIBUTING.md', title: 'Contributing', line: 'npm run check', why: 'CI runs it before the tests' },
  { page: 'docs/docker.md', title: 'Docker', line: 'docker build -t seamline .', why: NO_ENGINE },
  {
    page: 'docs/engines.md',
    title: 'Durability',
    line: 'sync_interval: always',
    why: 'nats-server before 2.10 does not know it, and Debian 12 has an older one',
  },
  { page: 'docs/engines.md', title: 'Objects in NATS', why: NO_NATS_CLI },
  {
    page: 'docs/postgres.md',
    title: 'Quick start',
    line: 'docker run --rm -d -p 127.0.0.1:5432:5432 -e POSTGRES_PASSWORD=secret postgres:17',
    why: 'needs a container engine; the test starts a PostgreSQL of this machine',
  },
  {
    page: 'docs/postgres.md',
    title: 'Prisma',
    why: 'its client is generated from a schema of the reader; the statement is that of Drizzle, which a test runs',
  },
  {
    page: 'docs/gateways.md',
    title: 'Apollo Router',
    why: 'the router is in no registry that CI has; the page says so as well',
  },
  {
    page: 'docs/gateways.md',
    title: 'Hive Router',
    why: 'the router is in no registry that CI has; the page says so as well',
  },
  { page: 'docs/scaling.md', title: 'Sizing', why: 'a formula' },
  { page: 'docs/scaling.md', title: 'Cost of a change', why: 'a formula' },
];
