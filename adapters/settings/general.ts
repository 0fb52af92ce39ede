import { z } from 'zod';
import type { Settings } from '#adapters/settings/fields.ts';
import { homeVariable } from '#adapters/settings/home-variable.ts';

/** What every process reads. */
export const generalSettings = {
  home: {
    env: homeVariable,
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
} as const satisfies Settings;
