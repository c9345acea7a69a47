/** Reads the metrics and the labels from expressions of PromQL, by Prometheus' own grammar. */
import { parser } from '@prometheus-io/lezer-promql';

export interface Selection {
  readonly metric: string;
  /** The labels of its matchers, with their values. */
  readonly matchers: readonly { readonly label: string; readonly value: string }[];
}

export interface Expression {
  readonly selections: readonly Selection[];
  /** The labels in `by (…)`, `on (…)` and their like. */
  readonly groupings: readonly string[];
}

/** Grafana's variables are no PromQL. They stand for durations or for text in a matcher's string. */
const withoutVariables = (text: string): string => text.replaceAll('$__rate_interval', '5m');

/** @throws {SyntaxError} the text is no PromQL. */
export function expressionOf(given: string): Expression {
  const text = withoutVariables(given);
  const selections: { metric: string; matchers: { label: string; value: string }[] }[] = [];
  const groupings: string[] = [];
  parser.parse(text).iterate({
    enter({ type, name, from, to, node }) {
      const inner = text.slice(from, to);
      if (type.isError) throw new SyntaxError(`${given}: unexpected ${JSON.stringify(inner)} at ${from}`);
      if (name === 'VectorSelector') {
        const metric = node.getChild('Identifier');
        selections.push({ metric: metric ? text.slice(metric.from, metric.to) : '', matchers: [] });
      }
      if (name === 'UnquotedLabelMatcher') {
        const [, label = '', value = ''] = /^(\w+)\s*(?:=~|!~|!=|=)\s*"(.*)"$/.exec(inner) ?? [];
        selections.at(-1)?.matchers.push({ label, value });
      }
      if (name === 'LabelName' && node.parent?.name === 'GroupingLabels') groupings.push(inner);
    },
  });
  return { selections, groupings };
}
