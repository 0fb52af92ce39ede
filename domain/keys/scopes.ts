import { kinds } from '#domain/kinds/list.ts';

export const appendScopes = kinds.map((kind) => `append:${kind}` as const);

/** What a key may do: append events of a kind; read answers; operate, which is whatever changes things below `/api/`. */
export const scopes = [...appendScopes, 'read', 'operate'] as const;
export type Scope = (typeof scopes)[number];
