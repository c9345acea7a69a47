type Parameters = Readonly<Record<string, unknown>>;

/** `{ Authorization }` in upper or lower case, or `{ headers: { Authorization } }`, as GraphiQL and other clients send it. */
export function authorizationOf(parameters: Parameters | undefined): string | undefined {
  for (const [name, value] of Object.entries(parameters ?? {})) {
    if (/^authorization$/i.test(name) && typeof value === 'string') return value;
    if (name === 'headers' && typeof value === 'object' && value !== null) {
      const inner = authorizationOf({ ...value, headers: undefined });
      if (inner !== undefined) return inner;
    }
  }
  return undefined;
}
