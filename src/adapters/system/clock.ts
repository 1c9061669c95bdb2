import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../ports/clock.ts';

/** The longest timer of node in milliseconds: a longer one ends at once. */
const LONGEST = 2 ** 31 - 1;

/** The time and randomness of the machine. */
export const systemClock: Clock = {
  wallTime: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (milliseconds, signal) => {
    for (let left = milliseconds; left > 0; left -= LONGEST) {
      await sleep(Math.min(left, LONGEST), undefined, { signal }).catch((error: unknown) => {
        throw signal.aborted ? signal.reason : error;
      });
    }
  },
  random: () => Math.random(),
};
