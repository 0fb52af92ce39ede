/** The headers that the API puts on an answer to a pin, for peers to put on theirs: writing them is part of the work. */
export function answerHeaders(receipt: string, requestId: string, bytes: number): Record<string, string | number> {
  return {
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Cache-Control': 'no-store',
    'Content-Type': 'application/json',
    'Pinflow-Receipt': receipt,
    'X-Request-Id': requestId,
    'Content-Length': bytes,
  };
}
