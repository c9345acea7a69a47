import type { CodegenConfig } from '@graphql-codegen/cli';
import quotes from './examples/typed-apollo-react/codegen.ts';

const EXAMPLE = 'examples/typed-apollo-react';

/** Typed documents for what this repository sends itself, those of an example, and those of tests. `npm run codegen` after a change of a schema. */
const config: CodegenConfig = {
  generates: {
    'schema/documents/': {
      schema: 'schema/schema.graphql',
      documents: 'schema/operations.graphql',
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        documentMode: 'string',
        importExtension: '.ts',
        useTypeImports: true,
        enumsAsTypes: true,
        strictScalars: true,
        scalars: { JSON: 'unknown', DateTime: 'string' },
      },
    },
    [`${EXAMPLE}/documents/`]: {
      ...quotes.generates['documents/'],
      schema: `${EXAMPLE}/${quotes.schema}`,
      documents: `${EXAMPLE}/${quotes.documents}`,
    },
    'test/support/typed/documents/': {
      ...quotes.generates['documents/'],
      schema: `${EXAMPLE}/${quotes.schema}`,
      documents: 'test/support/typed/operations.graphql',
    },
  },
};

// The codegen CLI reads the default export.
export default config;
