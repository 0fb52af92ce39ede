/** What `pin-cleanup` looks through, in this order: tables of schema pinflow, and `staging`, the objects below staging/. */
export const cleanupTargets = ['idempotency', 'idempotency_use', 'door_ack', 'stream_batch', 'door_refusal', 'cut', 'staging'] as const;
export type CleanupTarget = (typeof cleanupTargets)[number];

export function isCleanupTarget(text: string): text is CleanupTarget {
  return (cleanupTargets as readonly string[]).includes(text);
}
