import { apiSettings } from '#adapters/settings/api.ts';
import { generalSettings } from '#adapters/settings/general.ts';
import { pipelineSettings } from '#adapters/settings/pipeline.ts';
import { retentionSettings } from '#adapters/settings/retention.ts';
import { serverSettings } from '#adapters/settings/servers.ts';
import { stackSettings } from '#adapters/settings/stack.ts';

/** Every setting there is; `.env.example` and docs/reference/settings.md are generated from this list. */
export const settings = {
  ...generalSettings,
  ...serverSettings,
  ...apiSettings,
  ...pipelineSettings,
  ...retentionSettings,
  ...stackSettings,
};
