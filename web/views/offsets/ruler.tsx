import type { PartitionRuler } from '#domain/answers/offsets.ts';
import { wholeText } from '#web/parts/format.ts';

const width = 1_000;

/** One partition, from the first offset that Kafka holds to the end of its log. */
export function Ruler({ ruler }: { ruler: PartitionRuler }) {
  const { partition, logStart, logEnd, landed, streamed, cut, deletedSoon, problems } = ruler;
  const length = Math.max(1, logEnd - logStart);
  const at = (offset: number): number => (Math.min(Math.max(offset, logStart), logEnd) - logStart) * (width / length);
  return (
    <div class="ruler">
      <h3>
        Partition {partition}
        <span class="quiet">
          {' '}
          {wholeText(logEnd - logStart)} records, offsets {wholeText(logStart)} to {wholeText(logEnd)}
        </span>
      </h3>
      <svg viewBox={`0 0 ${width} 44`} preserveAspectRatio="none" aria-hidden="true">
        <rect class="log" x="0" y="4" width={width} height="36" />
        {deletedSoon === null ? null : <rect class="danger" x="0" y="4" width={at(deletedSoon)} height="36" />}
        {landed === null ? null : <rect class="landed" x="0" y="8" width={at(landed)} height="12" />}
        {streamed === null ? null : <rect class="streamed" x="0" y="24" width={at(streamed)} height="12" />}
        {cut === null ? null : <rect class="cut" x={Math.min(at(cut), width - 3)} y="0" width="3" height="44" />}
      </svg>
      <dl>
        <Reached name="landed" offset={landed} behind={logEnd} />
        <Reached name="in Postgres" offset={streamed} behind={logEnd} />
        <Reached name="cut" offset={cut} behind={logEnd} />
      </dl>
      {problems.map(({ reader, problem }) => (
        <p class="problem" key={reader}>
          {reader}: {problem}
        </p>
      ))}
    </div>
  );
}

function Reached({ name, offset, behind }: { name: string; offset: number | null; behind: number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{offset === null ? 'not yet' : `${wholeText(offset)}${offset < behind ? `, ${wholeText(behind - offset)} behind` : ''}`}</dd>
    </div>
  );
}
