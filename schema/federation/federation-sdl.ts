/** The schema as a subgraph of Apollo Federation 2 describes itself. */
import {
  buildSchema,
  type ConstDirectiveNode,
  type DefinitionNode,
  type GraphQLSchema,
  Kind,
  lexicographicSortSchema,
  parse,
  print,
  printSchema,
  visit,
} from 'graphql';
import type { CollectionNames } from '../sdl/definition.ts';

/** The first version whose gateways know subscriptions. */
const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.4", import: ["@key", "@shareable"])';

/** What federation itself adds to a schema. Gateways don't want it in the SDL. */
export const FEDERATION = { any: '_Any', entity: '_Entity', service: '_Service' } as const;
const FIELDS: ReadonlySet<string> = new Set(['_service', '_entities']);

/**
 * The SDL that `_service { sdl }` answers and that composition takes. `schema` may have the fields of federation or not: they are left
 * out. Each type of a collection bears `@key`. Types that several subgraphs of this server have in common bear `@shareable`, so that these compose.
 */
export function federationSdl(schema: GraphQLSchema, collections: readonly CollectionNames[]): string {
  const directives = directivesOf(schema, collections);
  // Built again, because graphql-js can't sort a schema whose Float is not its own.
  const plain = buildSchema(printSchema(schema));
  const printed = visit(parse(printSchema(lexicographicSortSchema(plain))), {
    FieldDefinition: ({ name }) => (FIELDS.has(name.value) ? null : undefined),
    ObjectTypeDefinition: {
      leave: (node) => ({ ...node, directives: [...(node.directives ?? []), ...directives(node.name.value)] }),
    },
  });
  const definitions = printed.definitions.filter((definition) => !isOfFederation(definition));
  return `${print({ kind: Kind.DOCUMENT, definitions: [...parse(LINK).definitions, ...definitions] })}\n`;
}

/** The directives of an object type, by its name. */
function directivesOf(
  schema: GraphQLSchema,
  collections: readonly CollectionNames[],
): (typeName: string) => readonly ConstDirectiveNode[] {
  const keys = new Map(collections.map(({ name, key }) => [name, directive(`@key(fields: "${key.name}")`)]));
  // Root fields and messages of a mirror belong to one subgraph. Everything else is a plain value, equal whichever subgraph makes it.
  const single = new Set([
    ...[schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].map((type) => type?.name),
    ...collections.map(({ name }) => `${name}Changes`),
  ]);
  const shareable = directive('@shareable');
  return (typeName) => keys.get(typeName) ?? (single.has(typeName) ? [] : shareable);
}

function directive(text: string): readonly ConstDirectiveNode[] {
  const [definition] = parse(`scalar Any ${text}`).definitions;
  return definition?.kind === Kind.SCALAR_TYPE_DEFINITION ? (definition.directives ?? []) : [];
}

function isOfFederation(definition: DefinitionNode): boolean {
  const names: readonly string[] = Object.values(FEDERATION);
  return 'name' in definition && definition.name !== undefined && names.includes(definition.name.value);
}
