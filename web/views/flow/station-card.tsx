import type { Station, StationName } from '#domain/answers/flow.ts';

const titles: Record<StationName, string> = {
  door: 'Door',
  kafka: 'Kafka',
  raw: 'Raw objects',
  clean: 'Clean tables',
  answers: 'Answers',
  postgres: 'Postgres',
};
const hints: Record<StationName, string> = {
  door: 'POST /pin/ and its sisters',
  kafka: 'the log',
  raw: 'every byte, in S3',
  clean: 'intervals, in the lake',
  answers: 'historical metrics, SQL',
  postgres: 'rows and live metrics',
};
const details: Record<StationName, string> = {
  door: '/view/events',
  kafka: '/view/offsets',
  raw: '/view/offsets',
  clean: '/view/intervals',
  answers: '/view/metrics',
  postgres: '/view/stream',
};
const words: Record<Station['state'], string> = {
  runs: 'runs',
  paused: 'paused',
  troubled: 'in trouble',
  stopped: 'stopped',
  unknown: 'unknown',
};

export function StationCard({ station: { name, state, says } }: { station: Station }) {
  return (
    <a class="station" href={details[name]} data-station={name} data-state={state}>
      <strong>{titles[name]}</strong>
      <span class="hint">{hints[name]}</span>
      <span class="state">{words[state]}</span>
      <span class="says">{says}</span>
    </a>
  );
}
