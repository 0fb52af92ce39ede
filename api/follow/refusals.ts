import { unknownValue } from '#api/operations/since.ts';

export const noPlace = unknownValue('partition and offset', 'whole numbers, as the receipt has them');
