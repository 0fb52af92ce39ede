import { callerEnvironment } from '#adapters/config.ts';
import { longTests } from '#stack/run-tests.ts';

/** Whether tests that break things in rounds are to do so more often and with more load, as `npm run chaos` asks. */
export const isLongForm = callerEnvironment()[longTests] === '1';
