/** The fragment of the address, which the browser doesn't send to a server: it names the collection and the filter. */

/** What is in the fields of the filter. */
export interface FilterTexts {
  readonly prefix: string;
  /** JSON; empty for every value. */
  readonly where: string;
}

interface Address extends FilterTexts {
  /** The plural name of the collection; empty for the first one. */
  readonly collection: string;
}

export function inAddress(): Address {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const text = (name: keyof Address): string => fragment.get(name) ?? '';
  return { collection: text('collection'), prefix: text('prefix'), where: text('where') };
}

export function rememberInAddress(part: Partial<Address>): void {
  const { collection, prefix, where } = { ...inAddress(), ...part };
  const texts = Object.entries({ collection, prefix, where }).filter(([, text]) => text !== '');
  const fragment = new URLSearchParams(texts).toString();
  history.replaceState(null, '', fragment === '' ? location.pathname + location.search : `#${fragment}`);
}
