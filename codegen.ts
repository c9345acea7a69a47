import type { CodegenConfig } from '@graphql-codegen/cli';

/** Typed documents for what this repository sends itself. `npm run codegen` after a change of the schema. */
const config: CodegenConfig = {
  schema: 'schema/schema.graphql',
  documents: 'schema/operations.graphql',
  generates: {
    'schema/documents/': {
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
  },
};

// The codegen CLI reads the default export.
export default config;
