/** The manifests in deploy/kubernetes are consistent, and the server knows the settings in them. No cluster runs them here. */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { DEFAULTS } from '../../src/server/options.ts';
import { startServer } from '../support/server/server.ts';
import { commandsOf } from '../support/documents/blocks.ts';
import { containerOf, flagsOf, isOn, resourceIn, variablesOf, workloadsIn } from '../support/deploy/manifests.ts';
import { type Container, documentsOf, kustomize, type Probe, type Resource } from '../support/deploy/kustomize.ts';
import { findOnPath } from '../support/processes/programs.ts';

const FOLDER = 'deploy/kubernetes';
const OVERLAYS = ['nats', 'redis', 'postgres', 'single'];
const NODES = { nats: 'Deployment', redis: 'Deployment', postgres: 'Deployment', single: 'StatefulSet' } as const;

const overlays = OVERLAYS.map((name) => ({
  name,
  resources: kustomize(`${FOLDER}/overlays/${name}`),
  node: NODES[name as keyof typeof NODES],
}));

describe.each(overlays)('the overlay $name', ({ name, resources, node }) => {
  const workload = resourceIn(resources, node, 'seamline');
  const container = containerOf(workload);

  it.runIf(findOnPath('kubectl'))(`${name}: kubectl builds the same resources as these tests`, () => {
    const built = execFileSync('kubectl', ['kustomize', `${FOLDER}/overlays/${name}`], { encoding: 'utf8' });
    const sorted = (all: readonly Resource[]): Resource[] =>
      all.toSorted((one, other) => (titleOf(one) < titleOf(other) ? -1 : 1));
    expect(sorted(parseAllDocuments(built).map((document) => document.toJS() as Resource))).toEqual(sorted(resources));
  });

  it(`${name}: the server accepts the flags and the variables of its container`, () => {
    const { flags, unknown } = flagsOf(variablesOf(container), container.args);
    expect(unknown).toEqual([]);
    expect(flags).toMatchObject({ trustProxy: true, drainTimeoutMs: 20_000 });
    expect(Object.keys(flags)).toContain(name === 'single' ? 'data' : name);
  });

  it(`${name}: every pod is confined, and has neither a token of Kubernetes nor its service variables`, () => {
    const workloads = workloadsIn(resources);
    expect(workloads.length).toBe(name === 'single' ? 1 : 2);
    for (const { spec } of workloads) {
      const pod = spec.template.spec;
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      for (const { securityContext } of pod.containers)
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
    }
  });

  it(`${name}: every selector selects the pods of one workload, and every port is one of its containers`, () => {
    const targets = resources.filter(({ kind }) => /Service|NetworkPolicy|PodDisruptionBudget/.test(kind));
    expect(targets.length).toBeGreaterThan(1);
    for (const { kind, spec } of targets) {
      const labels = spec.podSelector?.matchLabels ?? spec.selector.matchLabels ?? spec.selector;
      const [selected, ...others] = workloadsIn(resources).filter((one) => isOn(labels, one.spec.template));
      expect(others).toEqual([]);
      const ports = containerOf(selected).ports.flatMap((port) => [port.name, port.containerPort]);
      if (kind === 'Service') for (const { port, targetPort = port } of spec.ports) expect(ports).toContain(targetPort);
    }
    for (const { spec } of workloadsIn(resources))
      expect(spec.selector.matchLabels).toEqual(spec.template.metadata.labels);
  });

  it(`${name}: every volume, configuration, secret and service that a pod names exists`, () => {
    const secrets = secretsOf(name);
    for (const { kind, spec } of workloadsIn(resources)) {
      const { volumes = [], containers } = spec.template.spec;
      const claims = (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
      const known = [...volumes.map((volume) => volume.name), ...claims].toSorted();
      expect(containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map((mount) => mount.name)).toSorted()).toEqual(
        known,
      );
      for (const { configMap } of volumes) if (configMap) resourceIn(resources, 'ConfigMap', configMap.name);
      const mounted = volumes.flatMap((volume) => volume.secret?.secretName ?? []);
      expect(mounted.filter((secret) => !secrets.some((known) => known.startsWith(`${secret} `)))).toEqual([]);
      const references = containers.flatMap(({ env }) => env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []));
      expect(references.length).toBeGreaterThan(0);
      for (const { name: secret, key } of references) expect(secrets).toContain(`${secret} ${key}`);
      if (kind === 'StatefulSet') resourceIn(resources, 'Service', spec.serviceName ?? 'none');
    }
  });

  it(`${name}: a variable that is part of another one is defined before it`, () => {
    const undefinedIn = ({ env }: Container): string[] =>
      env.flatMap(({ value = '' }, at) => {
        const before = new Set(env.slice(0, at).map((one) => one.name));
        return [...value.matchAll(/\$\((\w+)\)/g)].flatMap(([, used = '']) => (before.has(used) ? [] : [used]));
      });
    const containers = workloadsIn(resources).flatMap(({ spec }) => spec.template.spec.containers);
    expect(containers.flatMap(undefinedIn)).toEqual([]);
  });

  it(`${name}: a policy admits to every pod only what it needs, and what one side may send the other may receive`, () => {
    const policies = resources.filter(({ kind }) => kind === 'NetworkPolicy');
    for (const { spec } of workloadsIn(resources)) {
      const own = policies.filter((policy) => isOn(policy.spec.podSelector.matchLabels, spec.template));
      expect(own.flatMap((policy) => policy.spec.ingress ?? []).length).toBeGreaterThan(0);
    }
    for (const sender of policies)
      for (const { to = [], ports = [] } of sender.spec.egress ?? [])
        for (const { podSelector } of to.filter((peer) => peer.podSelector)) {
          const rules = policies
            .filter((policy) => policy.spec.podSelector.matchLabels['app'] === podSelector?.matchLabels['app'])
            .flatMap((policy) => policy.spec.ingress ?? []);
          const receiver = containerOf(
            workloadsIn(resources).find((one) => isOn(podSelector?.matchLabels ?? {}, one.spec.template)),
          );
          for (const port of ports) {
            expect(receiver.ports.map((one) => one.name)).toContain(port.port);
            expect(rules).toContainEqual({ from: [{ podSelector: sender.spec.podSelector }], ports: [port] });
          }
        }
  });

  it(`${name}: the manifests probe existing paths, different ones for liveness and readiness`, async () => {
    const server = await startServer();
    const { readinessProbe, livenessProbe, startupProbe } = container;
    const status = async ({ httpGet: { path, port } = { path: 'none', port: 'none' } }: Probe): Promise<number> => {
      expect(container.ports).toContainEqual({ name: port, containerPort: DEFAULTS.port });
      return (await fetch(new URL(path, server.url))).status;
    };
    for (const probe of [readinessProbe, livenessProbe, startupProbe]) expect(await status(probe)).toBe(200);
    expect(readinessProbe.httpGet?.path).not.toBe(livenessProbe.httpGet?.path);
    const { annotations = {} } = workload.spec.template.metadata;
    expect(annotations['prometheus.io/port']).toBe(String(DEFAULTS.port));
    expect((await fetch(new URL(annotations['prometheus.io/path'] ?? 'none', server.url))).status).toBe(200);
  });

  it(`${name}: a node has the time to drain`, () => {
    const [command, seconds = ''] = container.lifecycle?.preStop.exec.command ?? [];
    expect(command).toBe('sleep');
    const drains = Number(variablesOf(container)['SEAMLINE_DRAIN_TIMEOUT']);
    expect(workload.spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(Number(seconds) + drains);
  });
});

describe('the manifests for Kubernetes', () => {
  const [nats, redis, postgres, single] = OVERLAYS.map((name) => kustomize(`${FOLDER}/overlays/${name}`)) as [
    Resource[],
    Resource[],
    Resource[],
    Resource[],
  ];

  it('the nodes of the nats overlay name every nats-server, and keep a replica of the log on each', () => {
    const pods = natsPods(nats);
    const variables = variablesOf(containerOf(resourceIn(nats, 'Deployment', 'seamline')));
    const urls = (variables['SEAMLINE_NATS'] ?? '').replaceAll('$(NATS_PASSWORD)', 'password').split(',');
    expect(urls.map((url) => new URL(url).host)).toEqual(pods.map((pod) => `${pod}:4222`));
    expect(variables['SEAMLINE_NATS_REPLICAS']).toBe(String(pods.length));
  });

  it('the nats-servers find each other, and have the configuration of compose.yaml', () => {
    const conf = resourceIn(nats, 'ConfigMap', 'nats').data?.['nats.conf'] ?? '';
    const routes = [...(/routes: \[(.*)\]/.exec(conf)?.[1] ?? '').matchAll(/nats:\/\/([^:]+):6222/g)];
    expect(routes.map(([, host]) => host)).toEqual(natsPods(nats));
    const bare = (text: string): string[] =>
      text
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '' && !/^#|^routes|^pid_file/.test(line));
    expect(bare(conf)).toEqual(bare(readFileSync('deploy/nats.conf', 'utf8')));
  });

  it('the nodes of the redis overlay name the service of Redis', () => {
    const variables = variablesOf(containerOf(resourceIn(redis, 'Deployment', 'seamline')));
    const { hostname, port } = new URL((variables['SEAMLINE_REDIS'] ?? '').replace('$(REDIS_PASSWORD)', 'password'));
    expect(resourceIn(redis, 'Service', hostname).spec.ports.map((one) => String(one.port))).toEqual([port]);
  });

  it('the nodes of the postgres overlay name the service of PostgreSQL, and read its password from a file', () => {
    const node = containerOf(resourceIn(postgres, 'Deployment', 'seamline'));
    const variables = variablesOf(node);
    const url = new URL(variables['SEAMLINE_POSTGRES'] ?? '');
    expect(resourceIn(postgres, 'Service', url.hostname).spec.ports.map((one) => String(one.port))).toEqual([url.port]);
    expect(url.password).toBe('');
    const [mount] = node.volumeMounts ?? [];
    expect(variables['SEAMLINE_POSTGRES_PASSWORD_FILE']).toBe(`${mount?.mountPath}/password`);
    const own = variablesOf(containerOf(resourceIn(postgres, 'StatefulSet', 'postgres')));
    expect([own['POSTGRES_USER'], own['POSTGRES_DB']]).toEqual([url.username, url.pathname.slice(1)]);
  });

  it('one pod at a time may leave, and no node stops before another is ready', () => {
    for (const [kind, name] of [
      ['StatefulSet', 'nats'],
      ['Deployment', 'seamline'],
    ] as const) {
      const budget = resourceIn(nats, 'PodDisruptionBudget', name).spec;
      expect(budget.maxUnavailable).toBe(1);
      expect(budget.selector).toEqual(resourceIn(nats, kind, name).spec.selector);
    }
    const { strategy } = resourceIn(redis, 'Deployment', 'seamline').spec;
    expect(strategy?.rollingUpdate.maxUnavailable).toBe(0);
  });

  it('the single node keeps its log on its volume, and runs once', () => {
    const { spec } = resourceIn(single, 'StatefulSet', 'seamline');
    expect(spec.replicas).toBe(1);
    const { args = [], volumeMounts = [] } = containerOf({ spec });
    expect(args).toEqual(['--data', '/data']);
    expect(volumeMounts).toEqual([{ name: 'data', mountPath: '/data' }]);
    // Apart from that it is a node like the others.
    const { args: _args, volumeMounts: _mounts, ...rest } = containerOf({ spec });
    expect(rest).toEqual(containerOf(kustomize(`${FOLDER}/nodes`).find(({ kind }) => kind === 'Deployment')));
  });

  it('the Ingress passes /graphql alone to the Service, unbuffered and for as long as a stream lasts', () => {
    const [ingress] = documentsOf(`${FOLDER}/ingress.yaml`) as unknown as readonly [
      Resource & { spec: { rules: readonly { http: { paths: readonly unknown[] } }[] } },
    ];
    const [port] = resourceIn(single, 'Service', 'seamline').spec.ports;
    expect(ingress.spec.rules.flatMap(({ http }) => http.paths)).toEqual([
      { path: '/graphql', pathType: 'Exact', backend: { service: { name: 'seamline', port: { name: port?.name } } } },
    ]);
    const prefix = 'nginx.ingress.kubernetes.io/proxy-';
    const { annotations = {} } = ingress.metadata;
    expect(annotations[`${prefix}buffering`]).toBe('off');
    for (const direction of ['read', 'send'])
      expect(Number(annotations[`${prefix}${direction}-timeout`]) * 1000).toBeGreaterThan(10 * DEFAULTS.keepAliveMs);
    expect(annotations[`${prefix}body-size`]).toBe(`${DEFAULTS.maxMessageBytes / 1024 / 1024}m`);
  });

  it('each overlay says how it is applied, and docs/scaling.md says so as well', () => {
    for (const name of OVERLAYS) expect(commandsIn(name).at(-1)).toBe(`kubectl apply -k ${FOLDER}/overlays/${name}`);
    expect(commandsOf(3, 'docs/scaling.md', 'Kubernetes').toSorted()).toEqual(commandsIn('nats').toSorted());
  });

  it.each(globSync(`${FOLDER}/**/*.yaml`))('%s has no `?` that kubectl cannot read', (file) => {
    // kubectl takes a `?` in an unquoted scalar between braces as the start of a key. Other parsers do not.
    const lines = readFileSync(file, 'utf8').split('\n');
    const bare = lines.map((line) => line.replace(/(^|\s)#.*$/, '').replaceAll(/'[^']*'|"[^"]*"/g, ''));
    expect(bare.filter((line) => /[{[].*\?/.test(line))).toEqual([]);
  });
});

const titleOf = ({ kind, metadata }: Resource): string => `${kind} ${metadata.name}`;

const natsPods = (resources: readonly Resource[]): string[] => {
  const { replicas, serviceName } = resourceIn(resources, 'StatefulSet', 'nats').spec;
  return Array.from({ length: replicas }, (_, n) => `nats-${n}.${serviceName}`);
};

/** The commands in the comment at the top of an overlay. */
function commandsIn(overlay: string): string[] {
  const text = readFileSync(`${FOLDER}/overlays/${overlay}/kustomization.yaml`, 'utf8');
  return [...text.matchAll(/^# {5}(.*)$/gm)].map(([, command = '']) => command);
}

/** The secrets that these commands create, as `name key`. */
function secretsOf(overlay: string): string[] {
  return commandsIn(overlay).flatMap((command) => {
    const [, secret, key] = /^kubectl create secret generic (\S+) --from-literal=([^=]+)=/.exec(command) ?? [];
    return secret === undefined ? [] : [`${secret} ${key}`];
  });
}
