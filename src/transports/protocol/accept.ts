/** Content negotiation by `Accept` (RFC 9110, section 12.5.1). */

export type JsonType = 'application/json' | 'application/graphql-response+json';

export interface Accepted {
  /** For one result; undefined: the client takes none of these. */
  readonly single: JsonType | 'text/event-stream' | undefined;
  /** For a stream of results; undefined: the client takes neither. */
  readonly stream: 'sse' | 'multipart' | undefined;
  /** Whether the client prefers a page to a result. */
  readonly html: boolean;
  /** Whether one result may also come in parts, as Yoga sends it. */
  readonly parts: boolean;
}

/** Browsers send some 150. */
export const MAX_ACCEPT_LENGTH = 500;

interface Range {
  readonly type: string;
  readonly parameters: readonly string[];
  readonly quality: number;
}

/** What a range says about one type: its weight, how exactly it names the type, and its place in the header. */
interface Match {
  readonly quality: number;
  readonly exactness: number;
  readonly at: number;
}

const UNWANTED: Match = { quality: 0, exactness: 0, at: Infinity };

/** Most clients without a preference send `*` and nothing else. */
const ANYTHING: Accepted = { single: 'application/json', stream: 'sse', html: false, parts: true };

export function negotiate(accept: string | null | undefined): Accepted {
  if (!accept || accept === '*/*') return ANYTHING;
  const ranges = rangesOf(accept.toLowerCase());
  const json = matchOf(ranges, 'application/json');
  const graphql = matchOf(ranges, 'application/graphql-response+json');
  const sse = matchOf(ranges, 'text/event-stream');
  const multipart = matchOf(ranges, 'multipart/mixed', isSubscriptionSpec);
  const html = matchOf(ranges, 'text/html');
  const best = isBetter(graphql, json) ? graphql : json;
  const bestType = best === json ? 'application/json' : 'application/graphql-response+json';
  const jsonType = best.quality > 0 ? bestType : undefined;
  return {
    // Clients that take any answer name both types; for one result they mean JSON.
    single: sse.quality > best.quality ? 'text/event-stream' : jsonType,
    stream: streamOf(multipart, sse),
    html: html.exactness === EXACT && html.quality > 0 && html.quality >= best.quality,
    parts: matchOf(ranges, 'multipart/mixed').quality > 0,
  };
}

/** A client that names our multipart protocol has no other way to subscribe. */
function streamOf(multipart: Match, sse: Match): Accepted['stream'] {
  if (multipart.exactness === EXACT && multipart.quality > 0 && multipart.quality >= sse.quality) return 'multipart';
  return sse.quality > 0 ? 'sse' : undefined;
}

/** Between equal weights, the type that is named first wins. */
function isBetter(one: Match, other: Match): boolean {
  return one.quality > other.quality || (one.quality === other.quality && one.at < other.at);
}

const EXACT = 2;

/** The range that names a type most exactly decides, even when it excludes the type. */
function matchOf(ranges: readonly Range[], type: string, isMeant = isUtf8): Match {
  let match = UNWANTED;
  for (const [at, { type: range, parameters, quality }] of ranges.entries()) {
    const exactness = [`${type.split('/')[0]}/*`, type].indexOf(range) + 1;
    if ((exactness === 0 && range !== '*/*') || (exactness === EXACT && !isMeant(parameters))) continue;
    const isFirst = match === UNWANTED;
    if (isFirst || exactness > match.exactness || (exactness === match.exactness && quality > match.quality))
      match = { quality, exactness, at };
  }
  return match;
}

/** Answers have no other character set. */
const isUtf8 = (parameters: readonly string[]): boolean =>
  parameters.every((parameter) => !parameter.startsWith('charset=') || /^charset="?utf-?8"?$/.test(parameter));

const isSubscriptionSpec = (parameters: readonly string[]): boolean =>
  parameters.some((parameter) => parameter.startsWith('subscriptionspec='));

/** A quoted string may have commas and semicolons in it. */
const ELEMENTS = /(?:"(?:[^"\\]|\\.)*"|[^,"])+/g;
const PARAMETERS = /(?:"(?:[^"\\]|\\.)*"|[^;"])+/g;

function rangesOf(accept: string): Range[] {
  return (accept.slice(0, MAX_ACCEPT_LENGTH).match(ELEMENTS) ?? []).map((element) => {
    const [type = '', ...parameters] = (element.match(PARAMETERS) ?? []).map((part) => part.replace(/\s/g, ''));
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    return { type, parameters, quality: weight === undefined ? 1 : qualityOf(weight) };
  });
}

/** An invalid weight counts as 1. */
function qualityOf(weight: string): number {
  return /^(?:0(?:\.\d*)?|1(?:\.0*)?)$/.test(weight) ? Number(weight) : 1;
}
