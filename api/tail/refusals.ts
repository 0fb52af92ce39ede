import { overloaded } from '#api/answers/refusal.ts';
import { unknownValue } from '#api/operations/since.ts';

/** Each has a Kafka consumer of its own. */
export const tailsMax = 8;
export const tooManyTails = overloaded(`${tailsMax} tails are open at this process already; end one of them`);
export const unknownRejected = unknownValue('rejected', 'true or false');
export const unknownLimit = unknownValue('limit', 'a whole number from 1');
