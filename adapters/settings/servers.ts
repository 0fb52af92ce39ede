import { z } from 'zod';
import type { Settings } from '#adapters/settings/fields.ts';
import { flag, httpUrl, optionalText, positive } from '#adapters/settings/fields.ts';

/** Where the servers are, and how they are entered. */
export const serverSettings = {
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
  topicMinInsync: {
    env: 'PINFLOW_TOPIC_MIN_INSYNC',
    schema: positive.default(2),
    about:
      'Replicas that must have an event before it is acked (min.insync.replicas), of topics that have several; with 1 an acked event may be lost with one broker.',
  },

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
  postgresReader: {
    env: 'POSTGRES_READER',
    schema: z.string().min(1).default('pinflow_reader'),
    about:
      'Postgres role that may only read (schemas public, metrics, marts): for Grafana, psql and BI tools. The set-up gives it its rights where it exists.',
  },
  postgresReaderPassword: {
    env: 'POSTGRES_READER_PASSWORD',
    schema: optionalText,
    about: 'Password of POSTGRES_READER; with it the set-up makes the role. Unset means that somebody else makes it, or nobody.',
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
} as const satisfies Settings;
