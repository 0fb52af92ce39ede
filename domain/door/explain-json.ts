import { scanJson } from '#domain/scan-json.ts';

/**
 * Where and why a text is no JSON, in the words and positions of Python's json module: clients of the first API match
 * on them. Runs on the error path only. Positions count characters, as Python does.
 */
export type JsonProblem = { position: number; error: string };

/** @returns the first problem, or undefined where the text is JSON, however deep it is nested. */
export function explainJson(text: string): JsonProblem | undefined {
  const bytes = Buffer.from(text);
  let found: JsonProblem | undefined;
  scanJson(bytes, 0, bytes.length, {
    problem(at, error) {
      found = { position: charactersBefore(bytes, at), error };
    },
  });
  return found;
}

/** A character has one byte that does not continue another. */
function charactersBefore(bytes: Buffer, end: number): number {
  let count = 0;
  for (let i = 0; i < end; i++) if ((bytes[i]! & 0xc0) !== 0x80) count += 1;
  return count;
}
