import type { DescribedField, DescribedType } from '../server/collections.ts';
import { typeText } from '../server/format.ts';

/** The fields of an input with their types, as SDL writes them. */
export function InputFields({ fields }: { readonly fields: readonly DescribedField[] }) {
  return (
    <details className="input-fields">
      <summary>Fields and types</summary>
      <pre tabIndex={0} role="group" aria-label="Fields and types">
        {linesOf(fields, '').join('\n')}
      </pre>
    </details>
  );
}

function linesOf(fields: readonly DescribedField[], indent: string): string[] {
  return fields.flatMap(({ name, type }) => {
    const inner = innermost(type);
    const values = inner.kind === 'enum' ? `  # ${inner.values.join(', ')}` : '';
    const line = `${indent}${name}: ${typeText(type)}${values}`;
    return inner.kind === 'object' ? [line, ...linesOf(inner.fields, `${indent}  `)] : [line];
  });
}

const innermost = (type: DescribedType): DescribedType => (type.kind === 'list' ? innermost(type.of) : type);
