/** The bundler's entry: everything exported here is a workflow type. */
export { pinLanding } from '#workflows/pin-landing.ts';
export { pinStream } from '#workflows/pin-stream.ts';
