/** What of the documents' code blocks no test runs, and why. `line`: of a block of commands, of which the others are run. */
export interface NotRun {
  readonly page: string;
  readonly title: string;
  readonly nth?: number;
  readonly line?: string;
  readonly why: string;
}

const NO_NATS_CLI =
  'Debian has no package of the `nats` command; what it makes is made by its flags, and a node accepts it';
const NO_ENGINE = 'needs an engine for containers: `node scripts/image.mjs` builds the image, and holds it to the page';

export const NOT_RUN: readonly NotRun[] = [
  { page: 'ARCHITECTURE.md', title: 'One idea: a subscription is a position', why: 'a picture' },
  { page: 'README.md', title: 'seamline', nth: 1, why: 'a picture' },
  { page: 'README.md', title: 'seamline', nth: 2, line: 'npm test', why: 'is what runs this test' },
  { page: 'CONTRIBUTING.md', title: 'Contributing', line: 'npm run check', why: 'is what CI runs before this test' },
  { page: 'docs/docker.md', title: 'Docker', line: 'docker build -t seamline .', why: NO_ENGINE },
  {
    page: 'docs/engines.md',
    title: 'What survives what',
    line: 'sync_interval: always',
    why: 'is left out where nats-server is older than 2.10, as Debian 12’s is',
  },
  { page: 'docs/engines.md', title: 'What is in NATS', why: NO_NATS_CLI },
  {
    page: 'docs/gateways.md',
    title: 'Apollo Router',
    why: 'the router is in no registry that CI has; the page says so, too',
  },
  { page: 'docs/scaling.md', title: 'How many nodes', why: 'a formula' },
];
