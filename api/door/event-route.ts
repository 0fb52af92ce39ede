import type { Request } from 'express';
import type { Outcome } from '#adapters/kafka/producer.ts';
import type { Answer } from '#api/answers/answer.ts';
import type { Refusal } from '#api/answers/refusal.ts';
import type { Behind } from '#api/door/behind.ts';
import type { BodyLimits } from '#api/door/body-limits.ts';
import type { RejectedRows } from '#api/door/rejected-rows.ts';
import type { Kind } from '#domain/kinds/list.ts';

/** An event that the door will publish: the client's own bytes, the identity as key. */
export type EventToTake = { kind: Kind; source: string; key: Buffer; value: Buffer };

/** What a request brings, and how its client is answered. */
export type Intake = {
  events: readonly EventToTake[];
  /** Rows that are no events; they are counted, and `answer` tells the client. */
  rejected: RejectedRows;
  /**
   * The answer once Kafka has decided, in the order of `events`; undefined when nobody waits (`?ack=none`). Not asked
   * where Kafka took none of the events: that is a refusal. `eventIds` stand in the same order.
   */
  answer(outcomes: readonly Outcome[] | undefined, eventIds: readonly string[]): Answer;
};

/** Reads one request's body. Throws nothing for what clients send. */
export type BodyReader = {
  /**
   * Takes the next piece, decoded, or (undefined) goes on where it was behind; it is not given more while it is. A
   * refusal ends the reading.
   */
  write(chunk: Buffer | undefined): Refusal | Behind | undefined;
  /** What the whole body brings. */
  end(): Intake | Refusal;
};

/** A way to send events in one dialect: how to read it and how to speak to it. The rest is the same for all (take-events.ts). */
export type EventRoute = {
  /** One of few: it is a label of telemetry. */
  name: string;
  limits: BodyLimits;
  /** Begins a request: a reader, or a refusal that needs no body (unknown kind: 404). */
  open(req: Request): BodyReader | Refusal;
  /** The source that the target names, for the account of refusals; absent where all events of the route have the same. */
  sourceOf?(req: Request): string;
  /** The kind that the target tells, for the account of refusals; empty where it tells none. Asked of refused requests only. */
  kindOf(req: Request): Kind | '';
  /** A refusal in the route's dialect. */
  refuse(refusal: Refusal): Answer;
};

/** Largest body that is parsed as a whole: parsing holds up everybody else. */
export const wholeBodyBytesMax = 1_048_576;

/** A reader for bodies that are looked at as a whole. One chunk is not copied. */
export function makeWholeBodyReader(read: (body: Buffer) => Intake | Refusal): BodyReader {
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  return {
    write(chunk) {
      if (first === undefined) first = chunk;
      else (more ??= [first]).push(chunk!);
      return undefined;
    },
    end: () => read(more === undefined ? (first ?? empty) : Buffer.concat(more)),
  };
}

const empty = Buffer.alloc(0);
