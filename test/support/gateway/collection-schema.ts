/** The SDL that a server with one collection prints, without descriptions. */
import type { CollectionNames } from '../../../schema/sdl/definition.ts';

export function collectionSchema({ name, singular, plural, key }: CollectionNames): string {
  return `
    scalar DateTime
    enum OnLag { CONFLATE FAIL }
    enum RemovalReason { EVICTED EXPIRED REMOVED UNMATCHED }
    enum Venue { LSE NYSE }
    type Money { amount: Float! currency: String! }
    type ${name} {
      ${key.name}: ${key.type}! price: Float! venue: Venue paid: Money
      id: ID! cursor: String! timestamp: DateTime! expiresAt: DateTime
    }
    type ${name}Changes {
      reset: Boolean! upserted: [${name}!]! removed: [RemovedItem!]! caughtUp: Boolean!
      cursor: String! follows: String size: Int checksum: String
    }
    type ${name}Connection { edges: [${name}Edge!]! pageInfo: PageInfo! cursor: String! }
    type ${name}Edge { node: ${name}! cursor: String! }
    type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
    type RemovedItem { key: ID! reason: RemovalReason! timestamp: DateTime! cursor: String! }
    type StreamStatus { epoch: String! cursor: String! size: Int checksum: String window: Int! engine: String! }
    input FloatCondition { eq: Float ne: Float in: [Float!] notIn: [Float!] lt: Float lte: Float gt: Float gte: Float isNull: Boolean }
    input MoneyInput { amount: Float! currency: String! }
    input ${name}Filter { keys: [ID!] keyPrefix: String where: ${name}Where }
    input ${name}Input { ${key.name}: ${key.type}! price: Float! venue: Venue paid: MoneyInput }
    input ${name}Where { price: FloatCondition and: [${name}Where!] or: [${name}Where!] not: ${name}Where }
    type Query {
      ${singular}(${key.name}: ${key.type}!): ${name}
      ${plural}(first: Int = 100, after: String, filter: ${name}Filter): ${name}Connection!
      ${singular}Stream: StreamStatus!
    }
    type Mutation {
      insert${name}(input: ${name}Input!, ttl: Int, idempotencyKey: String, ifAbsent: Boolean, ifCursor: String): ${name}!
      remove${name}(${key.name}: ${key.type}!, ifCursor: String, idempotencyKey: String): RemovedItem
    }
    type Subscription {
      ${plural}(limit: Int, after: String, filter: ${name}Filter, onLag: OnLag! = CONFLATE): ${name}!
      ${singular}Changes(after: String, filter: ${name}Filter): ${name}Changes!
    }`;
}
