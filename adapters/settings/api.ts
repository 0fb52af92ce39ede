import { z } from 'zod';
import type { Settings } from '#adapters/settings/fields.ts';
import { hostNames, httpUrl, networks, optionalText, port, positive } from '#adapters/settings/fields.ts';
import { appendScopes } from '#domain/keys/scopes.ts';
import { kinds } from '#domain/kinds/list.ts';
import { listed } from '#domain/listed.ts';

/** The API and its door. */
export const apiSettings = {
  apiHost: { env: 'API_HOST', schema: z.string().default('127.0.0.1'), about: 'Address that the API binds to.' },
  apiPort: { env: 'API_PORT', schema: port.default(8000), about: 'Port that the API binds to.' },
  apiProcesses: {
    env: 'API_PROCESSES',
    schema: positive.default(1),
    about: 'Processes that share the port of the API, each with a producer of its own; REST v2 consumer instances are served at 1 only.',
  },
  apiDrainDelayMs: {
    env: 'API_DRAIN_DELAY_MS',
    schema: z.coerce.number().int().min(0).max(60_000).default(0),
    about: 'How long the API goes on taking requests after SIGTERM while /readyz says 503, so that a load balancer looks away first.',
  },
  apiConnections: {
    env: 'API_CONNECTIONS',
    schema: positive.default(10_000),
    about: 'Connections that a process of the API holds at one time; on further ones everything but a probe is 503.',
  },
  apiConnectionsPerAddress: {
    env: 'API_CONNECTIONS_PER_ADDRESS',
    schema: positive.default(1_000),
    about:
      'Connections of them that one address may hold, this machine being one address too; API_TRUSTED_PROXIES may hold all. Clients behind one gateway share an address.',
  },
  apiProbeConnections: {
    env: 'API_PROBE_CONNECTIONS',
    schema: positive.default(32),
    about: 'Connections beyond both bounds that are kept for probes: one request each, to /healthz, /readyz or /metrics.',
  },
  apiDrainMs: {
    env: 'API_DRAIN_MS',
    schema: positive.default(6_000),
    about:
      'How long requests that were taken may still be answered after SIGTERM and API_DRAIN_DELAY_MS; at least 500 ms more than INGEST_DEADLINE_MS. Whoever stops the API must leave it 3 s more than both (stop_grace_period of a container).',
  },
  apiWriteTimeoutMs: {
    env: 'API_WRITE_TIMEOUT_MS',
    schema: positive.default(30_000),
    about: 'How long a client may take to read an answer, and a tail to read anything, before its connection is ended.',
  },
  apiKeys: {
    env: 'API_KEYS',
    schema: z.enum(['auto', 'required', 'local', 'off']).default('auto'),
    about:
      'Whether requests need a key: auto means only where API_HOST is no loopback address; local waives keys, for a port that is published to this machine only, whatever API_HOST is. Both, where they ask for no key, take only requests whose Host and Origin are this machine (localhost, 127.x, [::1]) or in API_ALLOWED_HOSTS. off waives keys anywhere and takes any.',
  },
  apiAllowedHosts: {
    env: 'API_ALLOWED_HOSTS',
    schema: hostNames.default([]),
    about:
      'Comma-separated host names or addresses, without port, that requests may have in Host and Origin where no key is asked for, besides this machine; whoever reaches the API by such a name needs no key.',
  },
  apiRateEvents: {
    env: 'API_RATE_EVENTS',
    schema: z.coerce.number().int().nonnegative().default(0),
    about: 'Events a second that a key may send unless it was made with a rate of its own; 0 means no limit.',
  },
  apiRateBytes: {
    env: 'API_RATE_BYTES',
    schema: z.coerce.number().int().nonnegative().default(0),
    about: 'Body bytes a second that a key may send unless it was made with a rate of its own; 0 means no limit.',
  },
  apiAccessLogSample: {
    env: 'API_ACCESS_LOG_SAMPLE',
    schema: z.coerce.number().min(0).max(1).default(0.01),
    about: 'Share of the requests answered below 400 that the access log shows; the others are always shown, up to a bound a second.',
  },
  apiKey: {
    env: 'PINFLOW_API_KEY',
    schema: optionalText,
    about: `Key that the emulator and pinflow tail show where the API asks for one: with the scopes ${listed(appendScopes)} to emulate, read to tail.`,
    secret: true,
  },
  apiUrl: {
    env: 'API_URL',
    schema: httpUrl.optional(),
    about: 'Where clients reach the API, also what base_uri of REST v2 consumers begins with; unset means http://<API_HOST>:<API_PORT>.',
  },
  apiTrustedProxies: {
    env: 'API_TRUSTED_PROXIES',
    schema: networks.default([]),
    about:
      'Comma-separated addresses and networks (10.0.0.0/8) of the proxies before the API whose word on client, scheme and host is believed, in the headers of API_PROXY_HEADERS; with API_KEYS=auto naming one asks for keys.',
  },
  apiProxyHeaders: {
    env: 'API_PROXY_HEADERS',
    schema: z.enum(['x-forwarded', 'forwarded']).default('x-forwarded'),
    about:
      'Headers that API_TRUSTED_PROXIES write, over what a client may have written there: X-Forwarded-For, -Proto and -Host, or Forwarded (RFC 7239). The others are not read.',
  },
  ingestMaxEvents: {
    env: 'INGEST_MAX_EVENTS',
    schema: positive.default(20_000),
    about: 'Events in flight at the door before it answers 503.',
  },
  ingestMaxBytes: {
    env: 'INGEST_MAX_BYTES',
    schema: positive.default(33_554_432),
    about: 'Bytes in flight at the door before it answers 503.',
  },
  ingestMaxEventBytes: {
    env: 'INGEST_MAX_EVENT_BYTES',
    schema: positive.default(65_536),
    about:
      'Largest single event in bytes: a larger body of /pin or /send_data is 413, a larger row of /topics or /streams 422, and of /events an entry of its errors.',
  },
  ingestMaxRequestBytes: {
    env: 'INGEST_MAX_REQUEST_BYTES',
    schema: positive.default(10_485_760),
    about: 'Largest body of a request of several events, as sent and as decoded; larger is 413.',
  },
  ingestMaxBodyBytes: {
    env: 'INGEST_MAX_BODY_BYTES',
    schema: positive.default(268_435_456),
    about: 'Bytes of all bodies that are being read at one time before the door answers 503.',
  },
  ingestNameKinds: {
    env: 'INGEST_NAME_KINDS',
    schema: z
      .string()
      .transform((text) => text.split(',').map((part) => part.trim()))
      .pipe(z.array(z.string().regex(new RegExp(`^[^=]+=(${kinds.join('|')})$`), `<name>=<kind>, where a kind is ${kinds.join(', ')}`)))
      .default([]),
    about: `Kinds of topic and stream names that do not end in one, as in clicks=${kinds[0]},places=${kinds[1]}.`,
  },
  ingestStallMs: {
    env: 'INGEST_STALL_MS',
    schema: positive.default(1_000),
    about: 'Age of the oldest produce request in flight above which new events get 503.',
  },
  ingestDeadlineMs: {
    env: 'INGEST_DEADLINE_MS',
    schema: positive.default(5_000),
    about: 'How long an event waits for its ack before 504.',
  },
} as const satisfies Settings;
