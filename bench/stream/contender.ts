import type { Config } from '#adapters/config.ts';
import { settings } from '#adapters/settings/settings.ts';
import type { Child } from '#stack/child.ts';
import type { Home } from '#stack/home.ts';

/** What all contenders read, and where their processes run. */
export type Rig = {
  home: Home;
  environment: NodeJS.ProcessEnv;
  config: Config;
  /** Names of the topic, and with them of queues and workflows, begin with it. */
  prefix: string;
  topic: string;
  signal: AbortSignal;
};

/** Something that drains the topic into a database of its own. It is up, and reads nothing yet. */
export type Contender = {
  child: Child;
  /** Lets it read. */
  begin(): Promise<void>;
  /** Gives `n`: the records that its checkpoints cover. */
  progressSql: string;
  /** Gives one `Outcome`. */
  outcomeSql: string;
  close(): Promise<void>;
};

/** What it left in Postgres. */
export type Outcome = {
  rows: number;
  /** Records that its transactions applied. */
  records: number;
  transactions: number;
  /** A number over the brief's columns of all rows: equal for equal rows. */
  content: string;
};

/** The environment of a contender's process. */
export function environmentOver({ environment, prefix }: Rig, databaseUrl: string, more: Record<string, string>): NodeJS.ProcessEnv {
  return { ...environment, [settings.prefix.env]: prefix, [settings.postgresUrl.env]: databaseUrl, ...more };
}

/** SQL of an outcome's `content`. */
export function contentOf(table: string): string {
  return `(SELECT sum(hashtextextended(ROW(ind, unique_id, title, description, follower_count, poster_name, tag_list, is_image_or_video, image_src, save_location, category, downloaded)::text, 0))::text FROM ${table})`;
}
