import { parseSdlFile } from '../../../schema/sdl/parse-sdl-file.ts';
import type { SdlDefinition } from '../../../schema/sdl/definition.ts';

/** A collection with a field of each kind. */
export const QUOTES = `
"A price at a venue."
type Quote @collection(key: "symbol") {
  "What is traded."
  symbol: ID!
  price: Float!
  count: Int
  note: String
  isOpen: Boolean
  venue: Venue
  at: DateTime
  extra: JSON
  size: PositiveInt
  volume: BigInt
  tags: [String!]
  grid: [[Int]]
  lines: [Line]
  address: Address
  old: String @deprecated(reason: "Use note.")
}
enum Venue { NYSE LSE @deprecated(reason: "Closed.") }
type Line { sku: String! amount: Int next: Line tags: [String] }
type Address { city: String geo: Geo }
type Geo { lat: Float datum: String }
scalar DateTime
scalar JSON
scalar PositiveInt
scalar BigInt
`;

export const quotesSdl = (): SdlDefinition => parseSdlFile(QUOTES, 'quotes.graphql');
