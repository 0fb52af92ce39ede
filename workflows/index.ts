/** The bundler's entry: everything exported here is a workflow type. */
export { pinBatchInterval } from '#workflows/batch-interval.ts';
export { pinBatchTick } from '#workflows/batch-tick.ts';
export { pinCleanup } from '#workflows/pin-cleanup.ts';
export { pinLanding } from '#workflows/pin-landing.ts';
export { pinMarts } from '#workflows/pin-marts.ts';
export { pinStream } from '#workflows/pin-stream.ts';
