/** Prints definitions as SDL files. */
import type {
  CollectionDefinition,
  EnumDefinition,
  FieldDefinition,
  FieldType,
  ObjectDefinition,
  SdlDefinition,
} from '../../../schema/sdl/definition.ts';

/** An SDL file that `parseSdlFile` reads as this definition. */
export function sdlOf({ collections, objects, enums, scalars }: SdlDefinition): string {
  return [
    ...collections.map((collection) => objectText(collection, ` ${directiveText(collection)}`)),
    ...objects.map((object) => objectText(object, '')),
    ...enums.map(enumText),
    ...scalars.map(({ name, description }) => `${descriptionText(description)}scalar ${name}\n`),
  ].join('\n');
}

/** As the type is written in a file: `[Line!]`. */
export function typeText(type: FieldType): string {
  const text = type.kind === 'named' ? type.name : `[${typeText(type.of)}]`;
  return type.isNullable ? text : `${text}!`;
}

function objectText({ name, description, fields }: ObjectDefinition, directive: string): string {
  return `${descriptionText(description)}type ${name}${directive} {\n${fields.map(fieldText).join('')}}\n`;
}

function directiveText({ key, plural, ttl, maxItems, maxBytes, window }: CollectionDefinition): string {
  const counts = Object.entries({ ttl, maxItems, maxBytes, window }).filter(([, count]) => count !== undefined);
  const values = [`key: "${key.name}"`, `plural: "${plural}"`, ...counts.map(([name, count]) => `${name}: ${count}`)];
  return `@collection(${values.join(', ')})`;
}

function fieldText({ name, type, description, deprecationReason }: FieldDefinition): string {
  return `  ${descriptionText(description)}${name}: ${typeText(type)}${deprecationText(deprecationReason)}\n`;
}

function enumText({ name, description, values }: EnumDefinition): string {
  const lines = values.map(
    (value) => `  ${descriptionText(value.description)}${value.name}${deprecationText(value.deprecationReason)}\n`,
  );
  return `${descriptionText(description)}enum ${name} {\n${lines.join('')}}\n`;
}

/** A string of JSON is one of GraphQL, too. */
const descriptionText = (text: string | undefined): string => (text === undefined ? '' : `${JSON.stringify(text)} `);

const deprecationText = (reason: string | undefined): string =>
  reason === undefined ? '' : ` @deprecated(reason: ${JSON.stringify(reason)})`;
