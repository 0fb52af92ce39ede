import type { Refusal } from '#api/answers/refusal.ts';
import { isRefusal } from '#api/answers/refusal.ts';
import type { Intake } from '#api/door/event-route.ts';
import { levelsMax, classifyValue } from '#domain/value.ts';

/**
 * What is wrong with rows of a wrapper as records of their own: too large, or nested too deep where the wrapper was deep.
 * `name` says what a row is called in the client's body.
 */
export function refuseValues(
  values: readonly Buffer[],
  { isDeep, bytesMax, name }: { isDeep: boolean; bytesMax: number; name: (position: number) => string },
): Refusal | undefined {
  const large = values.findIndex((value) => value.length > bytesMax);
  if (large >= 0) return { status: 422, reason: 'row_too_large', message: `${name(large)} has more than ${bytesMax} bytes` };
  const deep = isDeep ? values.findIndex((value) => classifyValue(value).reject === 'too_deep') : -1;
  if (deep >= 0) return { status: 422, reason: 'too_deep', message: `${name(deep)} is nested deeper than ${levelsMax} levels` };
  return undefined;
}

/** The refusal of a request of several with the price of all that it wraps; what is no refusal stays as it is. */
export function pricedBy<Found extends Intake | Refusal>(records: unknown, found: Found): Found {
  return isRefusal(found) && Array.isArray(records) ? { ...found, rows: Math.max(1, records.length) } : found;
}
