import type { Refusal } from '#api/answers/refusal.ts';
import { overloaded } from '#api/answers/refusal.ts';
import { restV2Type } from '#api/dialects/rest-v2.ts';
import type { ConsumerSettings } from '#domain/schemas/consumers.ts';
import { nameRule } from '#domain/schemas/consumers.ts';

export const notServed: Refusal = {
  status: 501,
  reason: 'not_served',
  message: 'Consumer instances live in one process: they are served where API_PROCESSES is 1 only',
};

export const badGroup: Refusal = { status: 422, reason: 'invalid_field', message: `The name of a group must be ${nameRule}` };

export const instanceExists: Refusal = {
  status: 409,
  reason: 'consumer_exists',
  message: 'A consumer instance of this name exists in the group',
};

export function tooManyInstances(instancesMax: number): Refusal {
  return overloaded(`There are ${instancesMax} consumer instances; delete one, or wait until one that nobody uses has ended`);
}

/** `idleMs`: how long an instance lives that nobody uses. */
export function instanceGone(idleMs: number): Refusal {
  return {
    status: 404,
    reason: 'unknown_consumer',
    message: `Consumer instance not found. It may have been unused for ${idleMs / 1_000} s; make it again`,
  };
}

export const shuttingDown = overloaded('The door is shutting down');

export const notSubscribed: Refusal = {
  status: 409,
  reason: 'not_subscribed',
  message: 'The consumer instance is not subscribed to any topic; POST {"topics": [...]} to its subscription first',
};

export const unknownPartition: Refusal = { status: 404, reason: 'unknown_partition', message: 'Partition not found' };

/** The content type of records in the format of an instance. */
export function typeOfFormat(format: ConsumerSettings['format']): string {
  return `application/vnd.kafka.${format}.v2+json`;
}

export function notAcceptable(format: ConsumerSettings['format']): Refusal {
  return {
    status: 406,
    reason: 'not_acceptable',
    message: `The consumer instance has the format ${format}: accept ${typeOfFormat(format)}, ${restV2Type} or application/json`,
  };
}

/** A parameter of the query that is no count. */
export function noCount(name: string): Refusal {
  return { status: 422, reason: 'unknown_parameter', message: `${name} must be an integer` };
}
