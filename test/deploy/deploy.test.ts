/** The files in deploy/ are consistent, and the server knows the settings in them. They are not run here. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { flagsHelp, parseServeFlags, type ServeOptions } from '../../src/cli/process/flags.ts';
import { startServer } from '../support/server/server.ts';

interface ComposeService {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly stop_grace_period?: string;
  readonly depends_on?: Readonly<Record<string, unknown>> | readonly string[];
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Container {
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
}

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly replicas: number;
    readonly maxUnavailable: number;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly strategy: { readonly rollingUpdate: { readonly maxUnavailable: number } };
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly enableServiceLinks?: boolean;
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly Container[];
      };
    };
  };
  readonly data: Readonly<Record<string, string>>;
}

const read = (name: string): string => readFileSync(`deploy/${name}`, 'utf8');
const { services } = parse(read('compose.yaml'), { merge: true }) as {
  services: Readonly<Record<string, ComposeService>>;
};
const resources = ['nats', 'seamline'].flatMap((name) =>
  parseAllDocuments(read(`kubernetes/${name}.yaml`)).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Resource;
  }),
);

const resource = (kind: string, name: string): Resource => {
  const found = resources.find((one) => one.kind === kind && one.metadata.name === name);
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found;
};

const containerOf = ({ spec }: Resource): Container => {
  const [container, ...others] = spec.template.spec.containers;
  if (!container || others.length > 0) throw new Error('not one container');
  return container;
};

const named = (prefix: string): string[] => Object.keys(services).filter((name) => name.startsWith(prefix));
const nodes = named('seamline-');
const natsServers = named('nats-');
const pods = Array.from({ length: resource('StatefulSet', 'nats').spec.replicas }, (_, n) => `nats-${n}.nats`);

/** Substitutes variables as the engines would. */
const SECRETS: Readonly<Record<string, string>> = {
  NATS_PASSWORD: '0123456789abcdef',
  SEAMLINE_JWT_SECRET: 'a secret of thirty-two characters, at the least',
};
const filled = (text: string): string =>
  text.replace(/\$[{(](\w+)[^})]*[})]/g, (_, name: string) => SECRETS[name] ?? `no ${name}`);

const environments: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[]])[] = [
  ...nodes.map((name) => [`compose.yaml, ${name}`, services[name]?.environment ?? {}, natsServers] as const),
  [
    'kubernetes/seamline.yaml',
    Object.fromEntries(
      containerOf(resource('Deployment', 'seamline')).env.map(({ name, value }) => [name, value ?? `$(${name})`]),
    ),
    pods,
  ],
];

const optionsOf = (environment: Readonly<Record<string, string>>): ServeOptions & { readonly nats?: unknown } =>
  parseServeFlags([], Object.fromEntries(Object.entries(environment).map(([name, text]) => [name, filled(text)])));

describe.each(environments)('%s', (_, environment, servers) => {
  it('the deployment sets only variables that the server knows, to valid values', () => {
    const flags = [...flagsHelp().matchAll(/^ {2}--([a-z-]+)/gm)].map(([, name = '']) => name);
    const known = new Set(flags.map((flag) => `SEAMLINE_${flag.toUpperCase().replaceAll('-', '_')}`));
    const set = Object.keys(environment).filter((name) => name.startsWith('SEAMLINE_'));
    expect(set.length).toBeGreaterThan(3);
    expect(set.filter((name) => !known.has(name))).toEqual([]);
    expect(optionsOf(environment)).toMatchObject({ trustProxy: true });
  });

  it('the deployment names every nats-server and keeps a replica of the log on each', () => {
    const urls = filled(environment['SEAMLINE_NATS'] ?? '').split(',');
    expect(urls.map((url) => new URL(url).hostname)).toEqual(servers);
    expect(new Set(urls.map((url) => new URL(url).password))).toEqual(new Set([SECRETS['NATS_PASSWORD']]));
    expect(environment['SEAMLINE_NATS_REPLICAS']).toBe(String(servers.length));
  });
});

describe('compose.yaml', () => {
  it('compose.yaml has three nats-servers that find each other, three nodes, and a balancer that knows the nodes', () => {
    expect([natsServers.length, nodes.length]).toEqual([3, 3]);
    expect(hostsOf(read('nats.conf'))).toEqual(natsServers);
    const backends = read('haproxy.cfg')
      .split(/^backend /m)
      .slice(1);
    expect(backends).toHaveLength(2);
    for (const backend of backends)
      expect([...backend.matchAll(/^ +server (\S+) (\S+)$/gm)].map(([, name, address]) => [name, address])).toEqual(
        nodes.map((name) => [name, `${name}:4000`]),
      );
    expect(services['balancer']?.depends_on).toEqual(nodes);
  });

  it('compose.yaml leaves a node the time to drain', () => {
    for (const node of nodes) {
      const { environment = {}, stop_grace_period: grace } = services[node] ?? {};
      expect(parseInt(grace ?? '0', 10) * 1000).toBeGreaterThan(optionsOf(environment).drainTimeoutMs ?? Infinity);
    }
  });
});

describe('the manifests for Kubernetes', () => {
  const deployment = resource('Deployment', 'seamline');
  const container = containerOf(deployment);

  it('the manifests have nats-servers that find each other, with the configuration of compose.yaml', () => {
    const { data } = resource('ConfigMap', 'nats');
    const conf = data['nats.conf'] ?? '';
    expect(hostsOf(conf)).toEqual(pods);
    const bare = (text: string): string[] =>
      text
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '' && !/^#|^routes|^pid_file/.test(line));
    expect(bare(conf)).toEqual(bare(read('nats.conf')));
  });

  it.each([
    ['StatefulSet', 'nats'],
    ['Deployment', 'seamline'],
  ])('the manifests allow one pod at a time to leave the %s', (kind, name) => {
    const budget = resource('PodDisruptionBudget', name);
    expect(budget.spec.maxUnavailable).toBe(1);
    const { selector, template } = resource(kind, name).spec;
    expect(budget.spec.selector).toEqual(selector);
    expect(template.metadata.labels).toEqual(selector.matchLabels);
  });

  it('the manifests disable the service variables of Kubernetes, one of which is SEAMLINE_PORT', () => {
    const pods = resources.flatMap(({ spec }) => spec?.template?.spec ?? []);
    expect(pods.map(({ enableServiceLinks }) => enableServiceLinks)).toEqual([false, false]);
  });

  it('the manifests stop no node before another is ready, and leave it the time to drain', () => {
    expect(deployment.spec.strategy.rollingUpdate.maxUnavailable).toBe(0);
    const [command, seconds = ''] = container.lifecycle.preStop.exec.command;
    expect(command).toBe('sleep');
    const drains = Number(container.env.find(({ name }) => name === 'SEAMLINE_DRAIN_TIMEOUT')?.value);
    expect(deployment.spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(Number(seconds) + drains);
  });

  it('the manifests probe existing paths, different ones for liveness and readiness', async () => {
    const server = await startServer();
    const { readinessProbe, livenessProbe, startupProbe } = container;
    const status = async ({ httpGet: { path, port } }: Probe): Promise<number> => {
      expect(container.ports).toContainEqual({ name: port, containerPort: 4000 });
      return (await fetch(new URL(path, server.url))).status;
    };
    for (const probe of [readinessProbe, livenessProbe, startupProbe]) expect(await status(probe)).toBe(200);
    expect(readinessProbe.httpGet.path).not.toBe(livenessProbe.httpGet.path);
  });
});

const hostsOf = (conf: string): string[] =>
  [...(/routes: \[(.*)\]/.exec(conf)?.[1] ?? '').matchAll(/nats:\/\/([^:]+):6222/g)].map(([, host = '']) => host);
