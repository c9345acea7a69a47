/** Without introspection the schema stays hidden: `__schema` and `__type` are refused, and errors suggest no names. */
import { type ExecutionArgs, GraphQLError, NoSchemaIntrospectionCustomRule } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { isGraphQLError } from '../protocol/errors.ts';
import { isAsyncIterable } from '../streaming/stream-response.ts';

/** The end of a message of graphql-js: ` Did you mean the enum value "FAIL" or "CONFLATE"?`. Text that a client sent comes before it. */
const SUGGESTION = / Did you mean (?:[a-z ]+ )?"\w+(?: \{ \.\.\. \})?"(?:(?:, |,? or )"\w+")*\?$/;

/** graphql 17 has this option, graphql 16 only in places, so that the messages are searched as well. */
const HIDDEN = { hideSuggestions: true };

export const withoutIntrospection: Plugin = {
  onValidate({ addValidationRule, validateFn, setValidationFn }) {
    addValidationRule(NoSchemaIntrospectionCustomRule);
    setValidationFn((schema, document, rules, options) =>
      validateFn(schema, document, rules, { ...options, ...HIDDEN }),
    );
    return ({ result, setResult }) => setResult(withoutSuggestions(result));
  },
  onExecute({ args }) {
    Object.assign(args satisfies ExecutionArgs, HIDDEN);
    return { onExecuteDone: ({ result, setResult }) => hide(result, setResult) };
  },
  onSubscribe({ args }) {
    Object.assign(args satisfies ExecutionArgs, HIDDEN);
    return { onSubscribeResult: ({ result, setResult }) => hide(result, setResult) };
  },
};

function hide<Result extends object>(result: Result, setResult: (result: Result) => void): void {
  if (isAsyncIterable(result) || !('errors' in result) || !Array.isArray(result.errors)) return;
  setResult({ ...result, errors: withoutSuggestions(result.errors) });
}

function withoutSuggestions(errors: readonly unknown[]): unknown[] {
  return errors.map((error) => {
    // An error with a path was thrown by a resolver, in its own words.
    if (!isGraphQLError(error) || error.path || !SUGGESTION.test(error.message)) return error;
    return new GraphQLError(error.message.replace(SUGGESTION, ''), error);
  });
}
