import { z } from 'zod';
import { refuseKeyConflict } from '#domain/kinds/row-key.ts';
import { flagLike, integerLike, makeIdentityText } from '#domain/kinds/field-schemas.ts';
import type { WireField } from '#domain/kinds/kind.ts';
import { pin } from '#domain/kinds/pin/fields.ts';
import { exampleRows } from '#domain/kinds/samples.ts';

const wire: readonly WireField[] = pin.wire;
const optional = wire.filter(({ strict }) => strict === 'optional text').map(({ name }) => name);

/** The members without which `POST /pin/` refuses a pin: those that its first clients sent. */
export const requiredPinFields = wire.map(({ name }) => name).filter((name) => !optional.includes(name));
/** Members that `POST /pin/` reads as integers. */
export const integerPinFields = wire.filter(({ strict }) => strict === 'integer' || strict === 'flag').map(({ name }) => name);

/** A pin as `POST /pin/` takes it. Unknown fields are kept. The order is that of the 422 answer. */
export const pinItem = z
  .looseObject({ ...Object.fromEntries(wire.map((field) => [field.name, schemaOf(field)])), [pin.identity]: makeIdentityText(pin.name) })
  .check(refuseKeyConflict)
  .meta({
    description: `A pin: ${requiredPinFields.length} fields are required, ${optional.join(' and ')} may come beside them, unknown fields are kept.`,
    examples: [exampleRows.pin],
  });

function schemaOf({ strict = 'text', description }: WireField): z.ZodType {
  const schema = { text: z.string(), 'optional text': z.string().nullish(), integer: integerLike, flag: flagLike }[strict];
  return description === undefined ? schema : schema.meta({ description });
}
