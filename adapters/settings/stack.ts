import type { Settings } from '#adapters/settings/fields.ts';
import { optionalText, port } from '#adapters/settings/fields.ts';

/** The embedded servers. */
export const stackSettings = {
  cacheHome: {
    env: 'XDG_CACHE_HOME',
    schema: optionalText,
    about:
      'Folder below which pinflow/ keeps the servers it obtained, compiled code and the bundled workflows, shared by clones; unset means ~/.cache.',
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
} as const satisfies Settings;
