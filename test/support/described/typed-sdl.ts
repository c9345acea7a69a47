/** The SDL that clients of a server with two collections see. */

interface Parts {
  /** Fields of the type `Friend`. */
  readonly friend?: string;
}

/** `Quote` has a field of each kind; `Person` has an Int key, a field called `key`, and types that recur. */
export function typedSdl({ friend = 'name: String' }: Parts = {}): string {
  return `
scalar DateTime
enum Venue { NYSE LSE }
enum OnLag { CONFLATE FAIL }
enum RemovalReason { REMOVED EXPIRED EVICTED UNMATCHED }
type RemovedItem { key: ID! reason: RemovalReason! timestamp: DateTime! cursor: String! }
type StreamStatus { epoch: String! cursor: String! size: Int checksum: String window: Int! engine: String! }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }

type Line { count: Int! }
input LineInput { count: Int! }
type Boss { name: String boss: Boss }
input BossInput { name: String boss: BossInput }
type Friend { ${friend} }
input FriendInput { ${friend.replaceAll('Friend', 'FriendInput')} }

input FloatCondition { eq: Float ne: Float in: [Float!] notIn: [Float!] lt: Float lte: Float gt: Float gte: Float isNull: Boolean }
input VenueCondition { eq: Venue ne: Venue in: [Venue!] notIn: [Venue!] isNull: Boolean }
input QuoteWhere { price: FloatCondition venue: VenueCondition and: [QuoteWhere!] or: [QuoteWhere!] not: QuoteWhere }
input PersonWhere { and: [PersonWhere!] }

type Query {
  quote(symbol: ID!): Quote
  quotes(first: Int = 100, after: String, filter: QuoteFilter): QuoteConnection!
  quoteStream: StreamStatus!
  person(id: Int!): Person
  people(first: Int = 100, after: String, filter: PersonFilter): PersonConnection!
  personStream: StreamStatus!
}
type Mutation {
${mutationsOf('Quote', 'Quotes', 'symbol: ID!')}
${mutationsOf('Person', 'People', 'id: Int!')}
}
type Subscription {
${subscriptionsOf('Quote', 'quote', 'quotes')}
${subscriptionsOf('Person', 'person', 'people')}
}
${typesOf('Quote', 'symbol: ID! price: Float! venue: Venue tags: [String!]! lines: [Line] at: DateTime', 'id: ID!')}
${typesOf('Person', 'id: Int! key: String boss: Boss friends: [Friend!]', '')}
`;
}

const mutationsOf = (name: string, plural: string, key: string): string => `
  insert${name}(input: ${name}Input!, ttl: Int, idempotencyKey: String, ifAbsent: Boolean, ifCursor: String): ${name}!
  insert${plural}(inputs: [${name}Input!]!, ttl: Int, idempotencyKey: String): [${name}!]!
  remove${name}(${key}, ifCursor: String, idempotencyKey: String): RemovedItem`;

const subscriptionsOf = (name: string, singular: string, plural: string): string => `
  ${plural}(limit: Int, after: String, filter: ${name}Filter, onLag: OnLag! = CONFLATE): ${name}!
  ${singular}Changes(after: String, filter: ${name}Filter): ${name}Changes!`;

const typesOf = (name: string, fields: string, id: string): string => `
type ${name} { ${fields} ${id} cursor: String! timestamp: DateTime! expiresAt: DateTime }
input ${name}Input { ${fields.replaceAll(/\b(Line|Boss|Friend)\b/g, '$1Input')} }
input ${name}Filter { keys: [ID!] keyPrefix: String where: ${name}Where }
type ${name}Edge { cursor: String! node: ${name}! }
type ${name}Connection { edges: [${name}Edge!]! pageInfo: PageInfo! cursor: String! }
type ${name}Changes {
  reset: Boolean! upserted: [${name}!]! removed: [RemovedItem!]! caughtUp: Boolean!
  cursor: String! follows: String size: Int checksum: String
}`;
