import type { RequestHandler } from 'express';
import { answerJson } from '#api/answers/answer.ts';
import { overloaded } from '#api/answers/refusal.ts';
import type { MakeOperation } from '#api/operations/operation.ts';
import { Failure } from '#domain/failures.ts';

export type ReaderDependencies = {
  /** @throws Failure as interventions/steer-reader.ts and trigger-batch.ts do. */
  steerReader: (reader: 'stream' | 'landing', what: 'pause' | 'resume') => Promise<{ state: string }>;
  triggerBatch: () => Promise<{ scheduleId: string }>;
};

/** `POST /api/stream/pause` and its sisters: what changes how Temporal goes on. */
export function makeSteeringHandlers(makeOperation: MakeOperation, { steerReader, triggerBatch }: ReaderDependencies) {
  const operate = (name: string, work: () => Promise<object>): RequestHandler =>
    makeOperation({
      name,
      scope: 'operate',
      async answer() {
        try {
          return answerJson(200, JSON.stringify(await work()));
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
          const message = error.message.replace(/\.$/, '');
          return error.kind === 'missing' ? { status: 404, reason: 'not_found', message } : overloaded(message);
        }
      },
    });
  return {
    trigger: operate('batch_trigger', triggerBatch),
    steer: (reader: 'stream' | 'landing', what: 'pause' | 'resume') => operate(`${reader}_${what}`, () => steerReader(reader, what)),
  };
}
