/** Two collections that have a field of every kind. */
export const EVERY_KIND = `
type Quote @collection(key: "symbol") {
  symbol: ID!
  price: Float!
  venue: Venue
  tags: [String!]
  lines: [Line]
  matrix: [[Int!]!]
  best: Line
  at: DateTime
  anything: JSON
  isOpen: Boolean
  ttl: Int
}
enum Venue { NYSE LSE }
type Line { count: Int! note: String inner: Rest }
type Rest { deep: [Venue!] }
scalar DateTime
scalar JSON
type Person @collection(key: "number", plural: "people", ttl: 3600) {
  number: Int!
  id: String
  name: String!
}
`;

/** Lines for its quotes, all of them right. */
export const QUOTE_LINES: readonly object[] = [
  { symbol: 'bare', price: 1 },
  { symbol: 'null', price: -0.5, venue: null, tags: null, lines: null, best: null, anything: null, ttl: null },
  {
    symbol: 'ü/"full"',
    price: 1e21,
    venue: 'LSE',
    tags: ['', 'a'],
    lines: [{ count: 1 }, null, { count: -2, note: 'n', inner: { deep: ['NYSE'] } }],
    matrix: [[], [1, 2]],
    best: { count: 0, inner: {} },
    at: '2026-01-02T03:04:05.678Z',
    anything: { a: [1, null, { b: 'c' }] },
    isOpen: false,
    ttl: 7,
  },
];
