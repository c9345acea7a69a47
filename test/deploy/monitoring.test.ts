/** The dashboard and the alert rules in deploy/ name only metrics and labels that a server has. Neither Prometheus nor Grafana runs here. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { createServer, type SeamlineServer } from '../../src/server/server.ts';
import { post, urlOf } from '../support/clients/requests.ts';
import { expressionOf } from '../support/deploy/promql.ts';
import { codesIn, rowsOf } from '../support/tables.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}

interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly Target[];
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: string | { query: string } }[];
  };
}

const read = (name: string): string => readFileSync(`deploy/${name}`, 'utf8');
const { groups } = parse(read('prometheus/alerts.yaml')) as { groups: readonly { rules: readonly Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(read('grafana/seamline.json')) as Dashboard;
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const targets = panels.flatMap((panel) => (panel.targets ?? []).map((target) => ({ ...target, title: panel.title })));

/** Prometheus gives these to every sample. */
const TARGET_LABELS = ['job', 'instance'];

/** The labels of each metric that a server has, by the names that its samples have. */
const known = await labelsOfMetrics();

async function labelsOfMetrics(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const folder = mkdtempSync(join(tmpdir(), 'monitoring-'));
  const schema = join(folder, 'schema.graphql');
  // Without a schema, the metrics of a map have the same labels but `collection`.
  writeFileSync(schema, 'type Quote @collection(key: "symbol") { symbol: ID! }');
  const server = await createServer({ port: 0, schema });
  let text;
  try {
    text = await samplesOf(server);
  } finally {
    await server.drain();
    rmSync(folder, { recursive: true });
  }
  const labels = new Map<string, Set<string>>([['up', new Set(TARGET_LABELS)]]);
  for (const [, name = '', type] of text.matchAll(/^# TYPE (\w+) (\w+)$/gm))
    for (const suffix of type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''])
      labels.set(`${name}${suffix}`, new Set(TARGET_LABELS));
  for (const [, name = '', inner = ''] of text.matchAll(/^(\w+)\{(.*)\} /gm))
    for (const [, label = ''] of inner.matchAll(/(\w+)="/g)) labels.get(name)?.add(label);
  return labels;
}

/** `/metrics`, with samples of all metrics: some have none before there is something to count, a refusal or a garbage collection. */
async function samplesOf(server: SeamlineServer): Promise<string> {
  await post(server, { query: '{' });
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
  return await vi.waitFor(async () => {
    const text = await (await fetch(urlOf(server, '/metrics'))).text();
    if (!/kind="\w+"/.test(text)) throw new Error('no garbage collection is counted');
    return text;
  });
}

const expressions = [
  ...rules.map(({ alert, expr }) => ({ where: `the alert ${alert}`, expr })),
  ...targets.map(({ title, refId, expr }) => ({ where: `the panel "${title}", ${refId}`, expr })),
];

describe('the alert rules and the dashboard', () => {
  it.each(expressions)('$where names only metrics and labels that a server has', ({ expr }) => {
    const { selections, groupings } = expressionOf(expr);
    expect(selections.length).toBeGreaterThan(0);
    for (const { metric, matchers } of selections) {
      expect([...known.keys()]).toContain(metric);
      for (const { label } of matchers) expect([...(known.get(metric) ?? [])]).toContain(label);
      // Other programs have metrics of Node.js and of the process, too.
      expect(matchers.map(({ label }) => label)).toContain('job');
    }
    const labels = new Set(selections.flatMap(({ metric }) => [...(known.get(metric) ?? [])]));
    expect(groupings.filter((label) => !labels.has(label))).toEqual([]);
  });

  it('an expression that is not PromQL is found', () => {
    expect(() => expressionOf('sum by (job (seamline_items)')).toThrow(SyntaxError);
    expect(expressionOf('sum by (code) (rate(a{job="x", code!~"y"}[5m])) / on (job) b')).toEqual({
      selections: [
        {
          metric: 'a',
          matchers: [
            { label: 'job', value: 'x' },
            { label: 'code', value: 'y' },
          ],
        },
        { metric: 'b', matchers: [] },
      ],
      groupings: ['code', 'job'],
    });
  });

  it('the values of labels that the alert rules select are values that a server has', () => {
    const pages = ['docs/errors.md', 'docs/operations.md'].map((page) => readFileSync(page, 'utf8'));
    const codes = new Set(pages.flatMap((page) => codesIn(page)));
    const matchers = rules.flatMap(({ expr }) => expressionOf(expr).selections.flatMap((one) => one.matchers));
    const valuesOf = (name: string): string[] =>
      matchers.filter(({ label }) => label === name).flatMap(({ value }) => value.split('|'));
    expect(valuesOf('code').length).toBeGreaterThan(3);
    expect(valuesOf('code').filter((code) => !codes.has(code))).toEqual([]);
    expect(new Set(valuesOf('outcome'))).toEqual(new Set(['ok', 'failed']));
    expect(new Set(valuesOf('job'))).toEqual(new Set(['seamline']));
  });
});

describe('the alert rules', () => {
  it('each alert rule has a row in docs/operations.md with its severity, and each row has a rule', () => {
    const rows = rowsOf('docs/operations.md', 'Monitoring').map(([alert, severity]) => [codesIn(alert)[0], severity]);
    expect(rows).toEqual(rules.map(({ alert, labels }) => [alert, labels.severity]));
    expect(rules.filter(({ annotations }) => annotations.summary === '')).toEqual([]);
  });

  it('the summary of an alert names only labels that its expression keeps', () => {
    for (const { expr, annotations } of rules) {
      const { groupings } = expressionOf(expr);
      const kept = groupings.length > 0 && !expr.includes('and on') ? groupings : TARGET_LABELS;
      const named = [...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label);
      expect(named.filter((label) => !kept.includes(label ?? ''))).toEqual([]);
    }
  });

  it('prometheus.yaml loads the alert rules, and scrapes the nodes of compose.yaml by the name that they select', () => {
    const { rule_files: files, scrape_configs: jobs } = parse(read('prometheus/prometheus.yaml')) as {
      rule_files: readonly string[];
      scrape_configs: readonly { job_name: string; static_configs: readonly { targets: readonly string[] }[] }[];
    };
    expect(files.map((file) => existsSync(join('deploy/prometheus', file)))).toEqual([true]);
    const { services } = parse(read('compose.yaml'), { merge: true }) as {
      services: Readonly<Record<string, unknown>>;
    };
    const nodes = Object.keys(services).filter((name) => name.startsWith('seamline-'));
    expect(jobs).toMatchObject([
      { job_name: 'seamline', static_configs: [{ targets: nodes.map((node) => `${node}:4000`) }] },
    ]);
  });
});

describe('the dashboard', () => {
  it('each panel has an id and a place of its own, and the data source of the dashboard', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    expect(panels.length).toBeGreaterThan(15);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { datasource } of panels) expect(datasource?.uid).toBe('${datasource}');
  });

  it('each variable that an expression uses is defined, and lists values of a metric that a server has', () => {
    const defined = dashboard.templating.list.map(({ name }) => name);
    const used = targets.flatMap(({ expr }) => [...expr.matchAll(/\$(\w+)/g)].map(([, name = '']) => name));
    expect(new Set(used.filter((name) => !name.startsWith('__')))).toEqual(new Set(defined.slice(1)));
    for (const { query } of dashboard.templating.list.slice(1)) {
      const [, expr = '', label] =
        /^label_values\((.*), (\w+)\)$/.exec(typeof query === 'string' ? '' : query.query) ?? [];
      for (const { metric } of expressionOf(expr).selections) expect([...(known.get(metric) ?? [])]).toContain(label);
    }
  });

  it('each legend names only labels that its expression keeps', () => {
    for (const { expr, legendFormat } of targets) {
      const { selections, groupings } = expressionOf(expr);
      // `group_right` keeps the labels of the series on its right.
      const kept =
        /\bby \(/.test(expr) && !expr.includes('group_right')
          ? groupings
          : selections.flatMap(({ metric }) => [...(known.get(metric) ?? [])]);
      const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
      expect(named.filter((label) => !kept.includes(label ?? ''))).toEqual([]);
    }
  });
});
