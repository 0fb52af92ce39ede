/** What one proxy says of whom it was asked by; a part is absent where it does not say, or not in a form that we know. */
export type Hop = { address?: string; proto?: string; host?: string };

/** Hops that are looked at; clients can write as many as fit in a header. */
const hopsMax = 20;

/**
 * `Forwarded` (RFC 7239): elements separated by commas, each of `name=value` pairs separated by semicolons, where a value
 * is a token or a quoted string. The last element is what the nearest proxy says. A text of another form says nothing.
 */
export function parseForwarded(text: string): Hop[] {
  const hops: Hop[] = [{}];
  const pair = /\s*(?:([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*)))?\s*([;,]|$)/gy;
  for (let at = 0; at < text.length; at = pair.lastIndex) {
    const [, name, quoted, token, separator] = pair.exec(text) ?? [];
    if (separator === undefined) return [];
    const value = quoted?.replaceAll(/\\(.)/g, '$1') ?? token ?? '';
    if (name !== undefined) note(hops.at(-1)!, name.toLowerCase(), value);
    if (separator === ',') hops.push({});
    if (separator === '') break;
  }
  return hops.slice(-hopsMax);
}

/** `X-Forwarded-For`, `-Proto` and `-Host`: lists that each proxy adds to at the end, or writes anew. */
export function parseXForwarded(texts: { for?: string | undefined; proto?: string | undefined; host?: string | undefined }): Hop[] {
  const lists = { for: partsOf(texts.for), proto: partsOf(texts.proto), host: partsOf(texts.host) };
  const count = Math.min(hopsMax, Math.max(lists.for.length, lists.proto.length, lists.host.length));
  return Array.from({ length: count }, (_, i) => {
    const hop: Hop = {};
    // From the end: what the nearest proxy said stands last in each.
    for (const name of ['for', 'proto', 'host'] as const) note(hop, name, lists[name].at(i - count) ?? '');
    return hop;
  });
}

function note(hop: Hop, name: string, value: string): void {
  if (value === '') return;
  if (name === 'for') hop.address = withoutPort(value);
  else if (name === 'proto') hop.proto = value.toLowerCase();
  else if (name === 'host') hop.host = value;
}

function partsOf(text: string | undefined): string[] {
  return text === undefined ? [] : text.split(',').map((part) => part.trim());
}

/** `192.0.2.1:80`, `[2001:db8::1]:80`, `[2001:db8::1]`; anything else stays as it is. */
function withoutPort(address: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address;
}
