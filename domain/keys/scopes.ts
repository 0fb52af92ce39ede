import { kinds } from '#domain/kinds/list.ts';

/** What a key may do: append events of a kind; read answers; operate, which is whatever changes things below `/api/`. */
export const scopes = [...kinds.map((kind) => `append:${kind}` as const), 'read', 'operate'] as const;
export type Scope = (typeof scopes)[number];
