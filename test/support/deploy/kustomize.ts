/** Builds the kustomizations of deploy/kubernetes as `kubectl kustomize` does, as far as they use it. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

type Labels = Readonly<Record<string, string>>;

interface PortOf {
  readonly name?: string;
  readonly port: number;
  readonly targetPort?: string | number;
}

export interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string };
  readonly tcpSocket?: { readonly port: string };
  readonly exec?: { readonly command: readonly string[] };
}

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly secretKeyRef?: { readonly name: string; readonly key: string };
    readonly fieldRef?: unknown;
  };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env: readonly Variable[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  readonly resources: unknown;
  readonly securityContext: unknown;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

export interface Peer {
  readonly podSelector?: { readonly matchLabels: Labels };
  readonly namespaceSelector?: { readonly matchLabels: Labels };
}

export interface PolicyRule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly protocol: string; readonly port: string | number }[];
}

interface PodSpec {
  readonly automountServiceAccountToken?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: { readonly runAsNonRoot?: boolean; readonly seccompProfile?: { readonly type: string } };
  readonly containers: readonly Container[];
  readonly volumes?: readonly {
    readonly name: string;
    readonly configMap?: { readonly name: string };
    readonly secret?: { readonly secretName: string };
  }[];
}

/** The union of what the kinds have. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Labels };
  readonly data?: Labels;
  readonly spec: {
    readonly replicas: number;
    readonly serviceName?: string;
    readonly maxUnavailable?: number;
    readonly selector: Labels & { readonly matchLabels?: Labels };
    readonly podSelector: { readonly matchLabels: Labels };
    readonly ingress?: readonly PolicyRule[];
    readonly egress?: readonly PolicyRule[];
    readonly ports: readonly PortOf[];
    readonly strategy?: { readonly rollingUpdate: { readonly maxUnavailable: number } };
    readonly template: {
      readonly metadata: { readonly labels: Labels; readonly annotations?: Labels };
      readonly spec: PodSpec;
    };
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
  };
}

interface Kustomization {
  readonly kind: string;
  readonly resources: readonly string[];
  readonly patches?: readonly { readonly path: string }[];
}

export function documentsOf(file: string): Resource[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${String(document.errors[0])}`);
    return document.toJS() as Resource;
  });
}

/** The resources of a kustomization, with its patches. Throws on a file that is missing, a patch without a target, or a name that is there twice. */
export function kustomize(folder: string): Resource[] {
  const {
    resources,
    patches = [],
    ...rest
  } = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')) as Kustomization;
  const unknown = Object.keys(rest).filter((key) => key !== 'kind' && key !== 'apiVersion');
  if (unknown.length > 0) throw new Error(`${folder}: this cannot build ${unknown.join(', ')}`);
  const built = new Map<string, Resource>();
  const keyOf = ({ kind, metadata }: Resource): string => `${kind} ${metadata.name}`;
  for (const path of resources.map((name) => join(folder, name)))
    for (const resource of statSync(path).isDirectory() ? kustomize(path) : documentsOf(path)) {
      if (built.has(keyOf(resource))) throw new Error(`${path}: ${keyOf(resource)} is there twice`);
      built.set(keyOf(resource), resource);
    }
  for (const patch of patches.flatMap(({ path }) => documentsOf(join(folder, path)))) {
    const target = built.get(keyOf(patch));
    if (!target) throw new Error(`${folder}: there is no ${keyOf(patch)} to patch`);
    built.set(keyOf(patch), merged(target, patch) as Resource);
  }
  return [...built.values()];
}

type Named = Readonly<Record<string, unknown>> & { readonly name: string };

/** A strategic merge: objects by their keys, lists of named objects by their names with the patch's first, everything else is replaced. */
function merged(target: unknown, patch: unknown): unknown {
  if (isNamed(target) && isNamed(patch)) {
    const inTarget = new Map(target.map((one) => [one.name, one]));
    const patched = patch.map((one) => merged(inTarget.get(one.name) ?? {}, one));
    return [...patched, ...target.filter(({ name }) => !patch.some((one) => one.name === name))];
  }
  if (!isObject(target) || !isObject(patch)) return patch;
  const entries = Object.entries(patch).map(([key, value]) => [
    key,
    key in target ? merged(target[key], value) : value,
  ]);
  return { ...target, ...Object.fromEntries(entries) };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNamed(value: unknown): value is readonly Named[] {
  return Array.isArray(value) && value.every((one) => isObject(one) && typeof one['name'] === 'string');
}
