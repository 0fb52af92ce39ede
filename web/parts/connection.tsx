import { connection } from '#web/live/live.ts';

const words = { none: '', opening: 'connecting', live: 'live', lost: 'connection lost, trying again' };

/** Whether what is shown is what is. */
export function Connection() {
  const state = connection.value;
  return (
    <p class="connection" data-state={state} role="status">
      {words[state]}
    </p>
  );
}
