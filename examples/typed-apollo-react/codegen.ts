import type { CodegenConfig } from '@graphql-codegen/cli';

const config = {
  schema: 'schema.graphql',
  documents: '*.tsx',
  generates: {
    'documents/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        importExtension: '.ts',
        useTypeImports: true,
        enumsAsTypes: true,
        strictScalars: true,
        scalars: { DateTime: 'string' },
      },
    },
  },
} satisfies CodegenConfig;

// The codegen CLI reads the default export.
export default config;
