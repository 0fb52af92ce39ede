/** What `/api/follow` answers: how far one record has come. */
export type Followed = { topic: string; partition: number; offset: number; steps: FollowStep[] };
export type FollowStep = {
  name: 'kafka' | 'postgres' | 'raw' | 'lake';
  isDone: boolean;
  /** What there is to say of it. */
  says: string;
};
