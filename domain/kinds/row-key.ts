import { z } from 'zod';
import { rowNumberNames } from '#domain/kinds/kind.ts';
import type { Kind } from '#domain/kinds/list.ts';
import { ofKinds } from '#domain/kinds/list.ts';

/** A JSON object that a client sent. */
export type Row = Readonly<Record<string, unknown>>;
export type KeyProblem = 'wrong_kind' | 'missing_key' | 'key_conflict';

/** Members that only rows of the kind have; the identity of a pin is one of them, row numbers are nobody's. */
const ownMembers = ofKinds(({ wire }): readonly string[] =>
  wire.map(({ name }) => name).filter((name) => !rowNumberNames.some((one) => one === name)),
);
/** The member that is the identity, where that is a text; undefined where it is the row number. */
const textIdentityOf = ofKinds(({ identity }) => (rowNumberNames.some((one) => one === identity) ? undefined : identity));
const textIdentities = new Set(Object.values(textIdentityOf).filter((name) => name !== undefined));

/** Whether a member of some kind's rows is its identity and a text. */
export function isTextIdentity(member: PropertyKey | undefined): boolean {
  return typeof member === 'string' && textIdentities.has(member);
}

/** Members that tell nothing about the kind by being there; `kind` names it to `POST /events`. */
const neutralMembers: readonly string[] = [...rowNumberNames, 'kind'];
const integerText = /^(-?\d+)(?:\.0+)?$/;
const bigintMax = 2n ** 63n;

/**
 * Whether a row's identity cannot be told, by the rules that cleaning has in SQL (domain/clean/macros.sql): what they
 * would reject, the door refuses. Without this, a client learns of it from a table of rejects. That both say the same is a
 * test (test/domain/kinds/row-key-agrees.test.ts), which also says where they cannot: numbers beyond 2^53.
 */
export function keyProblem(kind: Kind, row: Row): KeyProblem | undefined {
  const own = ownMembers[kind];
  const names = Object.keys(row);
  if (!names.some((name) => own.includes(name)) && names.some((name) => !neutralMembers.includes(name))) return 'wrong_kind';
  if (rowNumbersContradict(row)) return 'key_conflict';
  const text = textIdentityOf[kind];
  const key = text === undefined ? rowNumberOf(row) : row[text];
  return typeof key !== 'string' || key.trim() === '' ? 'missing_key' : undefined;
}

/** The record's key: the identity as text. Equal identities must have equal text, so that they share a partition. */
export function keyText(kind: Kind, row: Row): string {
  const text = textIdentityOf[kind];
  return text === undefined ? rowNumberOf(row)! : (row[text] as string);
}

/** The row number in canonical form under the first of its names that says something; undefined where that is no BIGINT. */
function rowNumberOf(row: Row): string | undefined {
  const text = rowNumberNames.map((name) => saidBy(row[name])).find((said) => said !== undefined);
  return text === undefined ? undefined : canonicalInteger(text);
}

function rowNumbersContradict(row: Row): boolean {
  // Nearly all rows have one of the names alone: nothing to compare.
  let names = 0;
  for (const name of rowNumberNames) if ((row[name] ?? null) !== null) names += 1;
  if (names < 2) return false;
  const said = rowNumberNames.map((name) => saidBy(row[name])).filter((text) => text !== undefined);
  return new Set(said.map((text) => canonicalInteger(text) ?? text)).size > 1;
}

/** What an alias says: its trimmed text; undefined where it is absent, null or blank. */
function saidBy(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  const text = (
    typeof value === 'string'
      ? value
      : typeof value === 'number' && Number.isInteger(value)
        ? BigInt(value).toString()
        : JSON.stringify(value)
  ).trim();
  return text === '' ? undefined : text;
}

function canonicalInteger(text: string): string | undefined {
  const digits = integerText.exec(text)?.[1];
  if (digits === undefined) return undefined;
  const value = BigInt(digits);
  return value >= -bigintMax && value < bigintMax ? value.toString() : undefined;
}

const sentences: Record<KeyProblem, string> = {
  wrong_kind: 'The row has none of the fields of its kind',
  missing_key: 'The row has no usable identity',
  key_conflict: 'index, ind and idx of the row contradict each other',
};

/**
 * `keyProblem` as a check of a zod schema; the issue's `params.reason` is the reject code. Where the schema has found
 * fault with the key itself, only that the row is of another kind goes before it.
 */
export function refuseBadKey(kind: Kind): z.core.$ZodCheck<Row> {
  return z.superRefine<Row>(
    (_row, payload) => {
      const reason = keyProblem(kind, payload.value);
      if (reason === undefined || (payload.issues.length > 0 && reason !== 'wrong_kind')) return;
      payload.issues = [{ code: 'custom', message: sentences[reason], params: { reason }, input: payload.value, path: [] }];
    },
    { when: ({ issues }) => issues.every(({ path }) => isTextIdentity(path?.[0])) },
  );
}

/** For a row whose index is checked already: `ind` or `idx` beside it must not say something else. */
export function refuseKeyConflict(payload: z.core.ParsePayload<Row>): void {
  const { ind, idx } = payload.value;
  if (ind === undefined && idx === undefined) return;
  if (rowNumbersContradict(payload.value))
    payload.issues.push({
      code: 'custom',
      message: sentences.key_conflict,
      params: { reason: 'key_conflict' },
      input: payload.value,
      path: ['index'],
    });
}
