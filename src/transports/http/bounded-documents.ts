/** Refuses documents that are cheap to send and expensive to parse, to validate or to answer. */
import {
  BREAK,
  type DocumentNode,
  getNamedType,
  type GraphQLError,
  type GraphQLSchema,
  isInputObjectType,
  Kind,
  parse,
  type ParseOptions,
  type SelectionSetNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { fieldsIn } from '../../../schema/request/answer-budget.ts';
import { refused } from '../protocol/errors.ts';
import { MAX_INPUT_FIELDS, MAX_SUGGESTIONS, MAX_UNKNOWN } from './bounded-variables.ts';

/** Of one document. An `insertItems` of 1,000 items that are written as literals has some 10,000. */
const MAX_TOKENS = 20_000;
/** Of one document, outside of its lists and objects, whose validation is cheap: several times as many as introspection has. */
const MAX_PARTS = 3000;
/** Of one document. Lists take more of the same kind: `insertItems`, `filter.keys`. */
const MAX_ALIASES = 100;
/** Of a document that asks for the schema. Aliases in lists within lists multiply, and nothing counts what the executor makes of them. */
const MAX_SCHEMA_ALIASES = 2;
/**
 * Validation compares each field with each other one of the same name, and each fragment's fields with those of each other. These are the
 * squares of how often each occurs: one name may occur some 340 times, or each of ten names 100 times.
 */
const MAX_COMPARISONS = 120_000;
/** Comparing two fragments costs as much as comparing so many fields. */
const SPREAD_COST = 4;
/** Of all operations of a document, with all fragments expanded. Fragments of a type that contains itself can double them at each level. */
const MAX_FIELDS = 10_000;
/** Of the errors of a document together: an error of validation may quote the literal around it, and so the most of the document. */
const MAX_QUOTED = 100_000;
/** As graphql-js has it by default. */
const MAX_ERRORS = 100;
/** Of the longest document. */
const MIN_ERRORS = 2;
const TOO_WIDE = `the types of the inputs in the document have more than ${MAX_INPUT_FIELDS} fields, given or not: send fewer inputs`;

export const boundedDocuments: Plugin = {
  onParse({ setParseFn }) {
    setParseFn((source: string, options?: ParseOptions) => {
      try {
        const document = parse(source, { ...options, maxTokens: MAX_TOKENS });
        const problem = problemOf(document);
        if (problem) throw problem;
        return document;
      } catch (error) {
        // The parser is recursive.
        throw error instanceof RangeError
          ? refused('GRAPHQL_PARSE_FAILED', 'Syntax Error: nested too deep', 400)
          : error;
      }
    });
  },
  onValidate({ validateFn, setValidationFn }) {
    setValidationFn((schema, document, rules, options) => {
      const problem = problemOfLiterals(schema, document);
      if (problem) return [problem];
      // A suggestion compares a wrong name with each name that there is.
      const bounds = { ...options, maxErrors: maxErrorsOf(document) };
      const errors = validateFn(schema, document, rules, { ...bounds, hideSuggestions: true });
      const isHelpful = errors.length > 0 && errors.length <= MAX_SUGGESTIONS;
      return isHelpful ? validateFn(schema, document, rules, bounds) : errors;
    });
  },
};

function maxErrorsOf({ loc }: DocumentNode): number {
  const most = Math.floor(MAX_QUOTED / (loc?.source.body.length ?? 1));
  return Math.min(MAX_ERRORS, Math.max(MIN_ERRORS, most));
}

/** Validation and coercion look for each field of an input, whether it is given or not, and errors quote an input with unknown members. */
function problemOfLiterals(schema: GraphQLSchema, document: DocumentNode): GraphQLError | undefined {
  if (!hasObject(document)) return undefined;
  const types = new TypeInfo(schema);
  let fields = 0;
  let problem: string | undefined;
  visit(
    document,
    visitWithTypeInfo(types, {
      ObjectValue(node) {
        const type = getNamedType(types.getInputType());
        if (!isInputObjectType(type)) return undefined;
        const known = type.getFields();
        fields += Object.keys(known).length;
        const unknown = node.fields.filter(({ name }) => !Object.hasOwn(known, name.value)).length;
        if (fields > MAX_INPUT_FIELDS) problem = TOO_WIDE;
        else if (unknown > MAX_UNKNOWN)
          problem = `an input in the document has ${unknown} members that ${type.name} doesn't have, more than ${MAX_UNKNOWN}: remove them`;
        return problem === undefined ? undefined : BREAK;
      },
    }),
  );
  return problem === undefined ? undefined : invalid(problem);
}

function hasObject(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    [Kind.OBJECT]: () => {
      found = true;
      return BREAK;
    },
  });
  return found;
}

function problemOf(document: DocumentNode): GraphQLError | undefined {
  let [parts, aliases, spreads, asksForSchema] = [0, 0, 0, false];
  const fields = new Map<string, number>();
  visit(document, {
    enter(node) {
      if (node.kind === Kind.LIST || node.kind === Kind.OBJECT || node.kind === Kind.NAME) return false;
      parts++;
      if (node.kind === Kind.FRAGMENT_SPREAD) spreads++;
      if (node.kind !== Kind.FIELD) return undefined;
      const { alias, name } = node;
      if (alias) aliases++;
      asksForSchema ||= name.value === '__schema' || name.value === '__type';
      const shown = (alias ?? name).value;
      fields.set(shown, (fields.get(shown) ?? 0) + 1);
      return undefined;
    },
  });
  if (parts > MAX_PARTS)
    return invalid(
      `the document has ${parts} parts outside of lists and objects, more than ${MAX_PARTS}: send a shorter one`,
    );
  if (aliases > MAX_ALIASES)
    return invalid(
      `the document has ${aliases} aliases, more than ${MAX_ALIASES}: insert in batches, or use filter.keys`,
    );
  if (asksForSchema && aliases > MAX_SCHEMA_ALIASES)
    return invalid(
      `the document asks for the schema and has ${aliases} aliases, more than ${MAX_SCHEMA_ALIASES}: ask for each part by itself`,
    );
  let comparisons = SPREAD_COST * spreads * spreads;
  for (const count of fields.values()) comparisons += count * count;
  if (comparisons > MAX_COMPARISONS)
    return invalid('the document repeats its fields or spreads fragments too often: select each field once');
  const expanded = spreads > 0 ? expandedFields(document) : 0;
  if (expanded > MAX_FIELDS)
    return invalid(
      `the document selects ${expanded} fields with its fragments expanded, more than ${MAX_FIELDS}: select fewer`,
    );
  return undefined;
}

function expandedFields({ definitions }: DocumentNode): number {
  const fragments = new Map<string, SelectionSetNode>();
  const operations: SelectionSetNode[] = [];
  for (const definition of definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition.selectionSet);
    else if (definition.kind === Kind.OPERATION_DEFINITION) operations.push(definition.selectionSet);
  return fieldsIn(operations, (name) => fragments.get(name));
}

const invalid = (message: string): GraphQLError => refused('GRAPHQL_VALIDATION_FAILED', message, 400);
