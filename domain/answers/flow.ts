/** What `/api/flow` answers: the stations that an event passes, and what flows between them. */
export type Flow = {
  at: string;
  stations: Station[];
  edges: Edge[];
  /** Sentences for a person, each with its next step; empty when all is well. null until they are known. */
  problems: string[] | null;
};

export const stationNames = ['door', 'kafka', 'raw', 'clean', 'answers', 'postgres'] as const;
export type StationName = (typeof stationNames)[number];

export type Station = {
  name: StationName;
  /** `stopped` does nothing, `troubled` does less than it should, `unknown` cannot be seen from here. */
  state: 'runs' | 'paused' | 'troubled' | 'stopped' | 'unknown';
  /** What it has, or what is wrong with it. */
  says: string;
};

export type Edge = {
  from: StationName;
  to: StationName;
  /** Records or rows; null where nobody has looked twice yet. */
  perSecond: number | null;
  /** null until it is known. */
  account: Account | null;
};

/** Over a span of time: `in` = `out` + `rejected` + `duplicates` + `waiting` + `gaps` + `difference`. */
export type Account = {
  /** Of what it counts, for people. */
  over: string;
  in: number;
  out: number;
  rejected: number;
  /** Records of an identity that has a later one in the same interval. */
  duplicates: number;
  waiting: number;
  /** Offsets without a record: Kafka made them so. */
  gaps: number;
  /** 0, or something is lost or counted twice. */
  difference: number;
};
