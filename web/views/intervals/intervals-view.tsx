import './intervals.css';
import { useRoute } from 'preact-iso';
import type { IntervalCalendar } from '#domain/answers/intervals.ts';
import { Confirm } from '#web/parts/confirm.tsx';
import { LiveView } from '#web/parts/live-view.tsx';
import { HeatMap } from './heat-map.tsx';
import { Hour } from './hour.tsx';

/** Days and hours of the batch, and the intervals of the hour that the path names. */
export function IntervalsView() {
  const { hour } = useRoute().params;
  return (
    <LiveView<IntervalCalendar> title="Intervals" path="/api/intervals">
      {({ at, days, scheduleId }) => (
        <>
          <p class="trigger">
            <Confirm
              label="Run the batch now"
              path="/api/batch/trigger"
              done="It was asked: what is due begins at once."
              question={`Trigger the schedule ${scheduleId}? What is due is started; if nothing is, the last closed interval runs again, which changes nothing where its content is the same.`}
            />
          </p>
          <HeatMap days={days} chosen={hour} />
          {hour === undefined ? <p class="quiet">Choose an hour to see its intervals. Times are UTC.</p> : <Hour hour={hour} at={at} />}
        </>
      )}
    </LiveView>
  );
}
