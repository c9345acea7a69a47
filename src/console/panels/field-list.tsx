import { Fragment } from 'react';
import { VisibleText } from '../controls/visible-text.tsx';
import type { DescribedField } from '../server/collections.ts';
import { compact } from '../server/format.ts';

interface FieldListProps {
  readonly fields: readonly DescribedField[];
  readonly value: unknown;
}

/** All fields of a typed value in full. */
export function FieldList({ fields, value }: FieldListProps) {
  // A typed value is an object.
  const values = value as Readonly<Record<string, unknown>>;
  return (
    <div className="values" tabIndex={0} role="group" aria-label="Value">
      <dl>
        {fields.map(({ name }) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>
              <FieldValue value={values[name]} />
            </dd>
          </Fragment>
        ))}
      </dl>
    </div>
  );
}

function FieldValue({ value }: { readonly value: unknown }) {
  if (value === null || value === undefined) return <span className="note">null</span>;
  return typeof value === 'string' ? (
    <VisibleText>{value}</VisibleText>
  ) : (
    <span className="exact">{compact(value)}</span>
  );
}
