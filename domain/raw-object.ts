/**
 * Key of a raw object: `raw/<topic>/dt=YYYY-MM-DD/hour=HH/<partition>-<first>-<last>.ndjson.zst`, offsets zero-padded to
 * 20 digits, date and hour in UTC of the earliest append time in it. Names alone prove contiguity; readers follow the
 * ledger all the same.
 */
export function rawObjectKey(topic: string, partition: number, first: number, last: number, appendTimeMs: number): string {
  const time = new Date(appendTimeMs).toISOString();
  const pad = (offset: number): string => String(offset).padStart(20, '0');
  return `raw/${topic}/dt=${time.slice(0, 10)}/hour=${time.slice(11, 13)}/${partition}-${pad(first)}-${pad(last)}.ndjson.zst`;
}
