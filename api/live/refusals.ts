import { overloaded } from '#api/answers/refusal.ts';
import { unknownValue } from '#api/operations/since.ts';

export const watchersMax = 64;
export const tooManyWatchers = overloaded(`${watchersMax} pages are open at this process already; close one of them`);
export const unknownLimit = unknownValue('limit', 'a whole number from 1');
