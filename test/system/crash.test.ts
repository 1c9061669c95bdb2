import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCip, runWithReport, startCip, startWithReport, temporaryDirectory } from '../doubles/run-cip.ts';
import type { Moment } from './holding-proxy.ts';
import {
  forgetRequests,
  missingReferences,
  mixedSet,
  mostToCopy,
  requestsOf,
  writtenReferences,
  type MixedSet,
} from './mixed-set.ts';
import { copiedIn, expectDone, expectOnlyWanted, forEachPoint, holdRequest } from './stopped-runs.ts';

/** Milliseconds for all of them, on a machine that is busy: a limit, not a measure. */
const TIMEOUT = 1_200_000;
/** Of the points at which a run is told to stop. */
const STRIDE = 7;
const WRITE = /^(?!GET|HEAD)/;

describe('a promotion that is killed', () => {
  // an answer to a question that nobody hears changes nothing at either side, so only writes are held the second time
  it.each<[string, { moment: Moment; counts: RegExp }]>([
    ['every request, before it is done', { moment: 'received', counts: /^/ }],
    ['every write, after it is done and before its answer', { moment: 'answered', counts: WRITE }],
  ])(
    'leaves the destination whole, and the rest for the next run, at %s',
    { timeout: TIMEOUT },
    async (_when, point) => {
      const { inventory, requests } = await measure();
      expect(requests.length).toBeGreaterThan(60);
      const points = requests.filter((line) => line.search(point.counts) !== -1).length;
      await forEachPoint(points, 1, async (number) => {
        const set = await mixedSet();
        const held = holdRequest(set, { ...point, number });
        const cip = startWithReport([set.flag, '-confirm'], { time: 'held' });
        await Promise.race([held.arrived, cip.ended]);
        cip.kill('SIGKILL');
        const { status, report, stderr } = await cip.ended;
        expect({ status, report }, `killed at ${number}: ${stderr}`).toEqual({
          status: null,
          report: undefined,
        });
        await Promise.all(set.proxies.map((proxy) => proxy.quiet()));
        expectOnlyWanted(set);
        await expectRestIsDone(set, { inventory, at: `after a kill at ${number}` });
      });
    },
  );
});

describe('the journal of a promotion that is killed', () => {
  it('has only edges that were written, and report merge makes a report of it', {
    timeout: TIMEOUT,
  }, async () => {
    const { requests } = await measure();
    const counts = /^PUT .*\/manifests\//;
    const points = requests.filter((line) => line.search(counts) !== -1).length;
    expect(points).toBeGreaterThan(8);
    let most = 0;
    await forEachPoint(points, 3, async (number) => {
      const set = await mixedSet();
      const directory = temporaryDirectory();
      const held = holdRequest(set, { moment: 'received', counts, number });
      const flags = [set.flag, '-confirm', `-report=${directory}/report.json`];
      const cip = startCip(flags, { time: 'held' });
      await Promise.race([held.arrived, cip.ended]);
      cip.kill('SIGKILL');
      expect((await cip.ended).status).toBeNull();
      await Promise.all(set.proxies.map((proxy) => proxy.quiet()));

      const merge = ['report', 'merge', `${directory}/report.json.partial`];
      const { status, report } = await runWithReport(merge);
      expect(status).toBe(1);
      const copied = copiedIn(report);
      expect(report).toMatchObject({ stopped: true, summary: { copied: copied.length, failed: 0 } });
      expect(writtenReferences(set)).toEqual(expect.arrayContaining(copied));
      most = Math.max(most, copied.length);

      const next = await runCip(flags);
      expect(next.status).toBe(0);
      expect(next.stderr).toContain(`replacing the journal of a killed run`);
      expect(existsSync(`${directory}/report.json.partial`)).toBe(false);
      expectDone(set, `after a kill at manifest ${number}`);
    });
    expect(most).toBeGreaterThan(0);
  });
});

describe('a promotion that is told to stop', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)(
    'by %s ends with %i and a report of what it has done, at any request',
    { timeout: TIMEOUT },
    async (signal, status) => {
      const { inventory, requests } = await measure();
      await forEachPoint(requests.length, STRIDE, async (number) => {
        const set = await mixedSet();
        const held = holdRequest(set, { moment: 'received', counts: /^/, number });
        const cip = startWithReport([set.flag, '-confirm'], { time: 'held' });
        await Promise.race([held.arrived, cip.ended]);
        cip.kill(signal);
        await cip.says(/stopping: /);
        held.release();
        const run = await cip.ended; // though its time limits never pass

        expect(run.status, `stopped at ${number}: ${run.stderr}`).toBe(status);
        expect(run.report, `stopped at ${number}`).toMatchObject({ stopped: true, summary: { failed: 0 } });
        expect(copiedIn(run.report), `stopped at ${number}`).toEqual(writtenReferences(set));
        expectOnlyWanted(set);
        await expectRestIsDone(set, { inventory, at: `after ${signal} at ${number}` });
      });
    },
  );
});

/** How many requests the inventory of a fresh set takes, and those of all of its promotion. */
async function measure(): Promise<{ inventory: number; requests: readonly string[] }> {
  const set = await mixedSet();
  const limit = mostToCopy(set);
  expect((await runWithReport([set.flag])).status).toBe(0);
  const inventory = requestsOf(set).length;
  forgetRequests(set);
  expect((await runWithReport([set.flag, '-confirm'])).status).toBe(0);
  const requests = requestsOf(set);
  expect(requests.length).toBeLessThanOrEqual(inventory + limit);
  expectDone(set, 'without a kill');
  return { inventory, requests };
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
