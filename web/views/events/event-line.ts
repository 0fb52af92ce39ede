import type { RecordLine, RefusalLine, RejectLine } from '#domain/answers/tail-lines.ts';

export type EventLine = RecordLine | RefusalLine | RejectLine;
