/** Characters of a number that an error quotes. */
const MAX_SHOWN = 40;

/** Replaces a number that can't be kept. Its type is not `number`, so nothing uses it by mistake. */
export class UnkeptNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source.length > MAX_SHOWN ? `${source.slice(0, MAX_SHOWN)}…` : source;
  }

  /** graphql-js quotes it in its errors. */
  toJSON(): string {
    return this.source;
  }
}
