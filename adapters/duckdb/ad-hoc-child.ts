import { createInterface } from 'node:readline';
import { runAdHoc } from '#adapters/duckdb/ad-hoc-statement.ts';
import type { AdHocRequest } from '#adapters/duckdb/ad-hoc-statement.ts';
import { Failure } from '#domain/failures.ts';

/** A process that runs one ad-hoc statement: the request is a line on stdin, the answer one on stdout. See ad-hoc.ts. */
createInterface({ input: process.stdin })
  .once('line', (line) => {
    void answer(JSON.parse(line) as AdHocRequest);
  })
  // The parent holds stdin open for as long as it lives.
  .once('close', () => process.exit(0));

async function answer(request: AdHocRequest): Promise<void> {
  const message = await runAdHoc(request).then(
    (result) => ({ result }),
    (error: unknown) =>
      error instanceof Failure
        ? { failure: { kind: error.kind, message: error.message } }
        : { failure: { kind: 'invalid_data', message: error instanceof Error ? error.message : String(error) } },
  );
  process.stdout.write(`${JSON.stringify(message)}\n`, () => process.exit(0));
}
