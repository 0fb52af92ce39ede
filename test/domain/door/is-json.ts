/** Whether JavaScript's own parser takes a text: the oracle of ours. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
