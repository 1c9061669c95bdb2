import { describe, expect, it } from 'vitest';
import { forEachConcurrently } from '../../src/base/concurrency.ts';
import { runWithReport, startWithReport } from '../doubles/run-cip.ts';
import type { Held, Moment } from './holding-proxy.ts';
import {
  forgetRequests,
  type MixedSet,
  missingReferences,
  mixedSet,
  mostToCopy,
  requestsOf,
  writtenReferences,
} from './mixed-set.ts';
import { writesOf } from './staging.ts';
import { expectNothingHalfVisible, tagsIn } from './wholeness.ts';

/** Runs at a time: each has registries of its own, and most of a run is the start of a process. */
const AT_A_TIME = 3;
const NEVER = new AbortController().signal;
/** Milliseconds for all of them, on a machine that is busy. */
const TIMEOUT = 300_000;

describe('a promotion that is killed', () => {
  it.each<[string, Moment]>([
    ['while a request is on its way', 'received'],
    ['after a request has been done and before its answer', 'answered'],
  ])(
    'leaves the destination whole and the rest for the next run, at every request: %s',
    { timeout: TIMEOUT },
    async (_when, moment) => {
      const { inventory, whole } = await measure();
      expect(whole).toBeGreaterThan(60);
      const points = Array.from({ length: whole }, (_, index) => index + 1);
      await forEachConcurrently(points, { workers: AT_A_TIME, signal: NEVER }, async (k) => {
        const set = await mixedSet();
        const held = holdRequest(set, k, moment);
        const cip = startWithReport([set.flag, '-confirm']);
        await held.arrived;
        cip.kill('SIGKILL');
        expect(await cip.ended, `killed at request ${k}`).toMatchObject({ status: null, report: undefined });
        expectOnlyWanted(set);
        await expectRestIsDone(set, { inventory, at: `after a kill at request ${k}` });
      });
    },
  );
});

/** How many requests the inventory of a fresh set takes, and all of its promotion. */
async function measure(): Promise<{ inventory: number; whole: number }> {
  const set = await mixedSet();
  const limit = mostToCopy(set);
  expect((await runWithReport([set.flag])).status).toBe(0);
  const inventory = requestsOf(set).length;
  forgetRequests(set);
  expect((await runWithReport([set.flag, '-confirm'])).status).toBe(0);
  const whole = requestsOf(set).length;
  expect(whole).toBeLessThanOrEqual(inventory + limit);
  expectDone(set, 'without a kill');
  return { inventory, whole };
}

/** Holds the request with this number, counted from 1 at all registries together, for as long as nobody lets it go. */
function holdRequest({ proxies }: MixedSet, number: number, moment: Moment): Held {
  let seen = 0;
  const isIt = () => ++seen === number;
  const holds = proxies.map((proxy) => proxy.hold(isIt, moment));
  return {
    arrived: Promise.race(holds.map(({ arrived }) => arrived)),
    release: () => {
      for (const hold of holds) hold.release();
    },
  };
}

/** Nothing is there half, and no tag that is not wanted as it is. */
function expectOnlyWanted({ production, goal }: MixedSet): void {
  expectNothingHalfVisible(production);
  expect(goal).toMatchObject(tagsIn(production));
}

function expectDone(set: MixedSet, at: string): void {
  expectOnlyWanted(set);
  expect(tagsIn(set.production), at).toEqual(set.goal);
  expect(missingReferences(set), at).toEqual([]);
  expect(writesOf(set.staging), at).toEqual([]);
}

async function expectRestIsDone(set: MixedSet, { inventory, at }: { inventory: number; at: string }) {
  const missing = missingReferences(set);
  const limit = inventory + mostToCopy(set);
  forgetRequests(set);
  const { status, report, stderr } = await runWithReport([set.flag, '-confirm']);
  expect(status, `${at}: ${stderr}`).toBe(0);
  expect(report.summary, at).toMatchObject({ copied: missing.length, failed: 0, 'not-attempted': 0 });
  expect(requestsOf(set).length, `${at}: ${requestsOf(set).join('\n')}`).toBeLessThanOrEqual(limit);
  expect(writtenReferences(set), at).toEqual(missing);
  expectDone(set, at);
}
