/**
 * tctl's way of writing options (Go's urfave/cli): several names for one option, one dash as good as two, values after
 * a blank or `=`. The table gives every spelling its canonical name.
 */
const spellings: Record<string, string> = {
  address: 'address',
  ad: 'address',
  namespace: 'namespace',
  ns: 'namespace',
  context_timeout: 'context_timeout',
  ct: 'context_timeout',
  auth: 'auth',
  tls_cert_path: 'tls_cert_path',
  tls_key_path: 'tls_key_path',
  tls_ca_path: 'tls_ca_path',
  tls_server_name: 'tls_server_name',
  tls_disable_host_verification: 'tls_disable_host_verification',
  schedule_id: 'schedule_id',
  sid: 'schedule_id',
  s: 'schedule_id',
  overlap_policy: 'overlap_policy',
  start_time: 'start_time',
  end_time: 'end_time',
  print_raw: 'print_raw',
  praw: 'print_raw',
  pause: 'pause',
  unpause: 'unpause',
  reason: 'reason',
  re: 'reason',
};

/** Rewrites each known option to two dashes and its canonical name; everything else stays as it is. */
export function canonicalArguments(args: readonly string[]): string[] {
  return args.map((argument) => {
    const match = /^--?([a-z_]+)(=.*)?$/s.exec(argument);
    const name = match === null ? undefined : spellings[match[1]!];
    return name === undefined ? argument : `--${name}${match?.[2] ?? ''}`;
  });
}
