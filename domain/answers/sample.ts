import type { Kind } from '#domain/kinds/list.ts';

/** What `/api/follow/sample` answers: an event to try the pipeline with, and where to post it. */
export type EventSample = { kind: Kind; path: string; event: Record<string, unknown> };
