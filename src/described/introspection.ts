/** The query by which a client learns the collections of a server, and its answer. */

/** Nested as deeply as the type of a field may be: `[[T!]!]!` has five levels below the first. */
const TYPE = 'kind name ofType { '.repeat(6) + 'kind name' + ' }'.repeat(6);
const ARGUMENTS = `args { name type { ${TYPE} } }`;

/** An introspection query of what `describeCollections` reads. A server may refuse introspection. */
export const DESCRIBE = `query Describe {
  __schema {
    queryType { name }
    mutationType { name }
    subscriptionType { name }
    types {
      kind
      name
      fields(includeDeprecated: true) { name ${ARGUMENTS} type { ${TYPE} } }
      inputFields(includeDeprecated: true) { name type { ${TYPE} } }
      enumValues(includeDeprecated: true) { name }
    }
  }
}`;

export interface TypeReference {
  readonly kind: string;
  readonly name: string | null;
  readonly ofType?: TypeReference | null;
}

export interface IntrospectedInput {
  readonly name: string;
  readonly type: TypeReference;
}

export interface IntrospectedField extends IntrospectedInput {
  readonly args: readonly IntrospectedInput[];
}

export interface IntrospectedType {
  readonly kind: string;
  readonly name: string;
  readonly fields: readonly IntrospectedField[] | null;
  readonly inputFields: readonly IntrospectedInput[] | null;
  readonly enumValues: readonly { readonly name: string }[] | null;
}

interface Named {
  readonly name: string;
}

/** The data that `DESCRIBE` is answered with. */
export interface Description {
  readonly __schema: {
    readonly queryType: Named;
    readonly mutationType: Named | null;
    readonly subscriptionType: Named | null;
    readonly types: readonly IntrospectedType[];
  };
}
