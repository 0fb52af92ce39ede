import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { Failure } from '#domain/failures.ts';
import { kinds } from '#domain/terms.ts';

/**
 * The one reader of `process.env`. Every setting has an environment name, a schema with its default, and a sentence;
 * `.env.example` and docs/reference/settings.md are generated from this list.
 */
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const port = z.coerce.number().int().min(1).max(65_535);
const positive = z.coerce.number().int().positive();
const optionalText = z.string().min(1).optional();
const httpUrl = z.url({ protocol: /^https?$/, error: 'a URL that begins with http:// or https://' });

export const settings = {
  home: {
    env: 'PINFLOW_HOME',
    schema: z.string().default('.pinflow'),
    about: 'Folder for the state of the embedded servers and for caches; relative to the working directory.',
  },
  prefix: {
    env: 'PINFLOW_PREFIX',
    schema: z
      .string()
      .regex(/^([a-z0-9][a-z0-9-]*-)?$/, 'lower-case letters, digits and dashes, ending in a dash, or empty')
      .default(''),
    about: 'Put before topic, queue, workflow, schedule and bucket names, so that two environments can share servers.',
  },
  logLevel: {
    env: 'PINFLOW_LOG_LEVEL',
    schema: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    about: 'Least severe log line that is written.',
  },

  kafkaBrokers: {
    env: 'KAFKA_BROKERS',
    schema: z
      .string()
      .transform((text) => text.split(',').map((part) => part.trim()))
      .default(['127.0.0.1:9092']),
    about: 'Comma-separated bootstrap brokers.',
  },
  kafkaTls: { env: 'KAFKA_TLS', schema: flag.default(false), about: 'Whether brokers are reached over TLS.' },
  kafkaTlsCaFile: {
    env: 'KAFKA_TLS_CA_FILE',
    schema: optionalText,
    about: "PEM file of the authorities that sign the brokers' certificates; unset means those that Node trusts.",
  },
  kafkaTlsCertFile: {
    env: 'KAFKA_TLS_CERT_FILE',
    schema: optionalText,
    about: 'PEM file of our certificate, where brokers ask clients for one.',
  },
  kafkaTlsKeyFile: { env: 'KAFKA_TLS_KEY_FILE', schema: optionalText, about: 'PEM file of the key of KAFKA_TLS_CERT_FILE, not encrypted.' },
  kafkaSaslMechanism: {
    env: 'KAFKA_SASL_MECHANISM',
    schema: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional(),
    about: 'SASL mechanism; none when unset.',
  },
  kafkaUsername: { env: 'KAFKA_USERNAME', schema: optionalText, about: 'SASL user name.' },
  kafkaPassword: { env: 'KAFKA_PASSWORD', schema: optionalText, about: 'SASL password.', secret: true },
  topicPartitions: { env: 'PINFLOW_TOPIC_PARTITIONS', schema: positive.default(4), about: 'Partitions of a topic when it is created.' },
  topicReplicas: { env: 'PINFLOW_TOPIC_REPLICAS', schema: positive.default(1), about: 'Replicas of a topic when it is created.' },

  s3Endpoint: { env: 'S3_ENDPOINT', schema: httpUrl.optional(), about: 'URL of the S3 server; unset means AWS.' },
  s3Region: { env: 'S3_REGION', schema: z.string().default('us-east-1'), about: 'S3 region.' },
  s3AccessKeyId: { env: 'S3_ACCESS_KEY_ID', schema: optionalText, about: 'S3 access key; unset means the default provider chain.' },
  s3SecretAccessKey: { env: 'S3_SECRET_ACCESS_KEY', schema: optionalText, about: 'S3 secret key.', secret: true },
  s3PathStyle: { env: 'S3_PATH_STYLE', schema: flag.default(true), about: 'Bucket in the path (true) or in the host name (false).' },
  s3TlsCaFile: {
    env: 'S3_TLS_CA_FILE',
    schema: optionalText,
    about: 'PEM file of the authorities that sign the certificate of an https S3_ENDPOINT; unset means those that Node trusts.',
  },
  s3Bucket: {
    env: 'S3_BUCKET',
    schema: optionalText,
    about: 'Bucket to use; unset means one named pinterest-data-<uuid4>, chosen once and kept in Postgres.',
  },

  postgresUrl: {
    env: 'POSTGRES_URL',
    schema: z.string().default('postgres://postgres:postgres@127.0.0.1:5432/pinterest_streaming'),
    about:
      'Database of the stream, the ledger and the metrics. TLS is set in the URL: ?sslmode=verify-full (also what require, verify-ca and prefer mean here), no-verify or disable, with sslrootcert=FILE, sslcert=FILE and sslkey=FILE (PEM).',
    secret: true,
  },
  sourceUrl: {
    env: 'PINFLOW_SOURCE_URL',
    schema: z.string().default('postgres://postgres:postgres@127.0.0.1:5432/pinterest_data'),
    about: 'SQL database that the emulator reads its rows from; TLS as in POSTGRES_URL.',
    secret: true,
  },

  temporalAddress: { env: 'TEMPORAL_ADDRESS', schema: z.string().default('127.0.0.1:7233'), about: 'host:port of the Temporal frontend.' },
  temporalNamespace: { env: 'TEMPORAL_NAMESPACE', schema: z.string().default('default'), about: 'Temporal namespace.' },
  temporalTls: { env: 'TEMPORAL_TLS', schema: flag.default(false), about: 'Whether Temporal is reached over TLS.' },
  temporalTlsCaFile: {
    env: 'TEMPORAL_TLS_CA_FILE',
    schema: optionalText,
    about: 'PEM file of the authorities that sign the certificate of Temporal; unset means those that the system trusts.',
  },
  temporalTlsCertFile: {
    env: 'TEMPORAL_TLS_CERT_FILE',
    schema: optionalText,
    about: 'PEM file of our certificate, where Temporal asks clients for one.',
  },
  temporalTlsKeyFile: {
    env: 'TEMPORAL_TLS_KEY_FILE',
    schema: optionalText,
    about: 'PEM file of the key of TEMPORAL_TLS_CERT_FILE, not encrypted.',
  },
  temporalTlsServerName: {
    env: 'TEMPORAL_TLS_SERVER_NAME',
    schema: optionalText,
    about: 'Host name that the certificate of Temporal is for, where it is not the one in TEMPORAL_ADDRESS.',
  },
  temporalApiKey: {
    env: 'TEMPORAL_API_KEY',
    schema: optionalText,
    about: 'API key for Temporal, sent with each request; needs TEMPORAL_TLS=true.',
    secret: true,
  },
  temporalUiUrl: {
    env: 'TEMPORAL_UI_URL',
    schema: z.string().default('http://127.0.0.1:8233'),
    about: 'Address of the Temporal Web UI, for display.',
  },

  apiHost: { env: 'API_HOST', schema: z.string().default('127.0.0.1'), about: 'Address that the API binds to.' },
  apiPort: { env: 'API_PORT', schema: port.default(8000), about: 'Port that the API binds to.' },
  apiProcesses: {
    env: 'API_PROCESSES',
    schema: positive.default(1),
    about: 'Processes that share the port of the API, each with a producer of its own.',
  },
  apiDrainDelayMs: {
    env: 'API_DRAIN_DELAY_MS',
    schema: z.coerce.number().int().min(0).max(60_000).default(0),
    about: 'How long the API goes on taking requests after SIGTERM while /readyz says 503, so that a load balancer looks away first.',
  },
  apiKeys: {
    env: 'API_KEYS',
    schema: z.enum(['auto', 'required', 'off']).default('auto'),
    about: 'Whether requests need a key: auto means only where API_HOST is no loopback address; off waives keys anywhere.',
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
    about: 'Key with which the emulator posts where the API asks for one; its scopes must be append:pin, append:geo and append:user.',
    secret: true,
  },
  apiUrl: { env: 'API_URL', schema: optionalText, about: 'Where clients reach the API; unset means http://<API_HOST>:<API_PORT>.' },
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
    about: 'Largest body of a single event; larger is 413.',
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
    about: 'Kinds of topic and stream names that do not end in one, as in clicks=pin,places=geo.',
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

  batchIntervalMs: { env: 'BATCH_INTERVAL_MS', schema: positive.default(3_600_000), about: 'Length of a batch interval.' },
  batchMemory: { env: 'BATCH_MEMORY', schema: z.string().default('1GB'), about: 'DuckDB memory limit of one cleaning process.' },
  batchThreads: { env: 'BATCH_THREADS', schema: positive.default(2), about: 'DuckDB threads of one cleaning process.' },
  batchPartBytes: {
    env: 'BATCH_PART_BYTES',
    schema: positive.default(268_435_456),
    about: 'Raw object bytes that one cleaning activity takes.',
  },
  batchWaitMs: {
    env: 'BATCH_WAIT_MS',
    schema: positive.default(600_000),
    about: 'How long an interval waits for landing before it ends as waiting.',
  },

  landingSlots: { env: 'LANDING_SLOTS', schema: positive.default(1), about: 'Slots of the landing reader.' },
  landingFlushBytes: {
    env: 'LANDING_FLUSH_BYTES',
    schema: positive.default(67_108_864),
    about: 'Uncompressed bytes of a partition that end a raw object.',
  },
  landingFlushMs: {
    env: 'LANDING_FLUSH_MS',
    schema: positive.optional(),
    about: 'Age that ends a raw object; unset means the lesser of 60 s and a quarter of the interval.',
  },
  streamSlots: { env: 'STREAM_SLOTS', schema: positive.default(2), about: 'Slots of the streaming reader.' },
  streamBatchRows: {
    env: 'STREAM_BATCH_ROWS',
    schema: positive.default(5_000),
    about: 'Records that one stream transaction takes at most.',
  },
  segmentMs: { env: 'PINFLOW_SEGMENT_MS', schema: positive.default(600_000), about: 'Length of a segment of a reader.' },

  workerRoles: {
    env: 'WORKER_ROLES',
    schema: z
      .string()
      .transform((text) => text.split(','))
      .pipe(z.array(z.enum(['control', 'batch', 'stream', 'landing'])))
      .default(['control', 'batch', 'stream', 'landing']),
    about: 'Queues that a worker process serves: control, batch, stream, landing.',
  },
  workerSegmentsMax: {
    env: 'WORKER_SEGMENTS_MAX',
    schema: positive.default(64),
    about: 'Reader segments that one worker process runs at most; lower it where several worker processes should share the slots.',
  },
  emulatorRate: {
    env: 'EMULATOR_RATE',
    schema: z.coerce.number().positive().default(2),
    about: 'Events a second of the emulator that npm start brings up.',
  },

  cacheHome: {
    env: 'XDG_CACHE_HOME',
    schema: optionalText,
    about: 'Folder below which pinflow/ keeps the servers it obtained, shared by clones; unset means ~/.cache.',
  },
  kafkaPort: {
    env: 'PINFLOW_KAFKA_PORT',
    schema: port.optional(),
    about: 'Port of the embedded Kafka; unset means the one this home used before, else 9092.',
  },
  s3Port: {
    env: 'PINFLOW_S3_PORT',
    schema: port.optional(),
    about: 'Port of the embedded S3; unset means the one this home used before, else 7070.',
  },
  postgresPort: {
    env: 'PINFLOW_POSTGRES_PORT',
    schema: port.optional(),
    about: 'Port of the embedded Postgres; unset means the one this home used before, else 5432.',
  },
  temporalPort: {
    env: 'PINFLOW_TEMPORAL_PORT',
    schema: port.optional(),
    about: 'Port of the embedded Temporal frontend; unset means the one this home used before, else 7233.',
  },
  temporalUiPort: {
    env: 'PINFLOW_TEMPORAL_UI_PORT',
    schema: port.optional(),
    about: 'Port of the embedded Temporal Web UI; unset means the one this home used before, else 8233.',
  },
} as const satisfies Record<string, { env: string; schema: z.ZodType; about: string; secret?: boolean }>;

export type Config = Readonly<{ [K in keyof typeof settings]: z.output<(typeof settings)[K]['schema']> }>;

/**
 * Reads the settings from an environment (default: the process's, over what a running stack wrote into its home), and
 * reports all problems together.
 * @throws Failure `configuration` with one line a problem.
 */
export function loadConfig(environment: NodeJS.ProcessEnv = environmentOverStack(process.env)): Config {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const text = environment[setting.env];
    const parsed = setting.schema.safeParse(text === '' ? undefined : text);
    if (parsed.success) values[name] = parsed.data;
    else
      problems.push(
        `${setting.env}=${'secret' in setting ? '(secret)' : JSON.stringify(text)}: ${parsed.error.issues.map((issue) => issue.message).join('; ')}. ${setting.about}`,
      );
  }
  if (problems.length > 0) throw new Failure('configuration', `Settings are wrong:\n  ${problems.join('\n  ')}\nSee .env.example.`);
  values['home'] = resolve(values['home'] as string);
  return Object.freeze(values) as Config;
}

/** A copy of the process's own environment: what the stack's children get, and how the stack sees what the user set. */
export function callerEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env };
}

/** Name of the file in which a running stack tells other processes of the same home the settings it chose. */
export const stackEnvironmentFile = 'environment.json';

/** What the stack of this home wrote (ports, keys) under what the caller's environment says. */
export function environmentOverStack(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const file = join(resolve(environment[settings.home.env] ?? '.pinflow'), stackEnvironmentFile);
  try {
    return { ...(JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>), ...environment };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return environment;
    throw new Failure('configuration', `${file} cannot be read: stop the stack and start it again, or remove the file.`, { cause: error });
  }
}
