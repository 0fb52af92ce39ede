import type { Refusal, RefusalReason } from '#api/answers/refusal.ts';
import type { SplitProblem } from '#domain/door/split-rows.ts';
import { kindByEnding } from '#domain/door/topic-name.ts';
import type { Kind } from '#domain/kinds/list.ts';

/** Why a row is no event. */
export type RowProblem = { reason: RefusalReason; message: string };

const shape = 'send an object, an array of objects, or one object a line (application/x-ndjson)';
const knownKinds = Object.keys(kindByEnding).join(', ');

export const unknownKindOfAll: Refusal = { status: 404, reason: 'unknown_kind', message: `kind must be one of ${knownKinds}` };

export const unknownReceipts: Refusal = { status: 422, reason: 'unknown_parameter', message: 'receipts must be all or none' };

export const noRows: Refusal = { status: 422, reason: 'empty_body', message: `The body has no rows; ${shape}` };

export function tooManyRows(rowsMax: number): Refusal {
  return { status: 413, reason: 'too_many_rows', message: `The request has more than ${rowsMax} rows; send it in parts` };
}

/** A body that cannot be split into rows. */
export function malformedRows({ error, at }: SplitProblem): Refusal {
  return { status: 422, reason: 'malformed_json', message: `The body is malformed: ${error} at byte ${at}; ${shape}` };
}

export function rowTooLarge(rowBytesMax: number): RowProblem {
  return { reason: 'row_too_large', message: `The row has more than ${rowBytesMax} bytes` };
}

export const noKindOfRow: RowProblem = {
  reason: 'unknown_kind',
  message: `The row names no kind: give it a field kind (${knownKinds}), or send ?kind=`,
};

export const unknownKindOfRow: RowProblem = { reason: 'unknown_kind', message: `The row's field kind is none of ${knownKinds}` };

export function otherKindOfRow(kindOfAll: Kind): RowProblem {
  return { reason: 'wrong_kind', message: `The row's field kind is not ${kindOfAll}, which ?kind= says of all rows` };
}
