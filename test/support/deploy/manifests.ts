/** Reads of the deployments in deploy/, as an engine and the server would do them. */
import { flagsHelp, parseServeFlags, type ServeOptions } from '../../../src/cli/process/flags.ts';
import type { Container, Resource } from './kustomize.ts';

/** Secrets, as `$(NAME)` in Kubernetes or `${NAME}` in a compose file. */
const SECRETS: Readonly<Record<string, string>> = {
  NATS_PASSWORD: '0123456789abcdef',
  REDIS_PASSWORD: '0123456789abcdef',
  SEAMLINE_JWT_SECRET: 'a secret of thirty-two characters, at the least',
};

export const filled = (text: string): string =>
  text.replace(/\$[{(](\w+)[^})]*[})]/g, (_, name: string) => SECRETS[name] ?? `no ${name}`);

export function resourceIn(resources: readonly Resource[], kind: string, name: string): Resource {
  const found = resources.find((one) => one.kind === kind && one.metadata.name === name);
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

export const workloadsIn = (resources: readonly Resource[]): Resource[] =>
  resources.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet');

/** The only container of a workload. */
export function containerOf(workload: Pick<Resource, 'spec'> | undefined): Container {
  const [container, ...others] = workload?.spec.template.spec.containers ?? [];
  if (!container || others.length > 0) throw new Error('not one container');
  return container;
}

export function isOn(
  selector: Readonly<Record<string, unknown>>,
  { metadata }: { readonly metadata: { readonly labels: Readonly<Record<string, string>> } },
): boolean {
  return Object.entries(selector).every(([name, value]) => metadata.labels[name] === value);
}

/** The environment of a container. A variable from a secret refers to itself. */
export const variablesOf = ({ env }: Container): Readonly<Record<string, string>> =>
  Object.fromEntries(env.map(({ name, value }) => [name, value ?? `$(${name})`]));

export interface Flags {
  readonly flags: ServeOptions;
  /** Variables that are called like ours, and that the server does not read. */
  readonly unknown: readonly string[];
}

/** What the server makes of an environment and of arguments. @throws {UsageError} */
export function flagsOf(environment: Readonly<Record<string, string>>, args: readonly string[] = []): Flags {
  const names = [...flagsHelp().matchAll(/^ {2}--([a-z-]+)/gm)].map(([, name = '']) => name);
  const known = new Set(names.map((name) => `SEAMLINE_${name.toUpperCase().replaceAll('-', '_')}`));
  const env = Object.fromEntries(Object.entries(environment).map(([name, text]) => [name, filled(text)]));
  return {
    flags: parseServeFlags(args, env),
    unknown: Object.keys(env).filter((name) => name.startsWith('SEAMLINE_') && !known.has(name)),
  };
}
