// Covers src/cli/commands/run/run-apply.ts

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCip, runWithReport, startWithReport, temporaryDirectory } from '../doubles/run-cip.ts';
import {
  forgetRequests,
  type MixedSet,
  missingReferences,
  mixedSet,
  writtenReferences,
} from './mixed-set.ts';
import { writesOf } from './staging.ts';
import { copiedIn, expectDone, expectOnlyWanted, forEachPoint, holdRequest } from './stopped-runs.ts';

const WRITE = /^(?!GET|HEAD)/;
/** Of the points at which a run is killed or stopped. */
const STRIDE = 7;
/** Milliseconds for all of them, on a machine that is busy: a limit, not a measure. */
const TIMEOUT = 600_000;

describe('cip apply that is killed', () => {
  it.each(['received', 'answered'] as const)(
    'at a write that is %s is applied again until nothing is left to do',
    { timeout: TIMEOUT },
    async (moment) => {
      await forEachPoint(await countWrites(), STRIDE, async (number) => {
        const { set, plan } = await planned();
        const held = holdRequest(set, { moment, counts: WRITE, number });
        const cip = startWithReport(['apply', plan, '-confirm'], { time: 'held' });
        await Promise.race([held.arrived, cip.ended]);
        cip.kill('SIGKILL');
        const { status, report } = await cip.ended;
        expect({ status, report }, `at ${number}`).toEqual({ status: null, report: undefined });
        await Promise.all(set.proxies.map((proxy) => proxy.quiet()));
        expectOnlyWanted(set);
        await expectRestIsApplied(set, { plan, at: `after a kill at ${number}` });
      });
    },
  );
});

describe('cip apply that is told to stop', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)(
    'by %s ends with %i and a report of what it has done, and is applied again',
    { timeout: TIMEOUT },
    async (signal, code) => {
      await forEachPoint(await countWrites(), STRIDE, async (number) => {
        const { set, plan } = await planned();
        const held = holdRequest(set, { moment: 'received', counts: WRITE, number });
        const cip = startWithReport(['apply', plan, '-confirm'], { time: 'held' });
        await Promise.race([held.arrived, cip.ended]);
        cip.kill(signal);
        await cip.says(/stopping: /);
        held.release();
        const { status, report, stderr } = await cip.ended;

        expect(status, `stopped at ${number}: ${stderr}`).toBe(code);
        expect(report).toMatchObject({ stopped: true, mode: 'promotion', summary: { failed: 0 } });
        expect(report?.plan, 'the digest of the plan').toMatch(/^sha256:/);
        expect(copiedIn(report), `stopped at ${number}`).toEqual(writtenReferences(set));
        expectOnlyWanted(set);
        await expectRestIsApplied(set, { plan, at: `after ${signal} at ${number}` });
      });
    },
  );
});

/** A set of registries and a plan for all that is missing there. */
async function planned(): Promise<{ set: MixedSet; plan: string }> {
  const set = await mixedSet();
  const plan = join(temporaryDirectory(), 'plan.json');
  expect(await runCip([set.flag, `-plan-out=${plan}`])).toMatchObject({ status: 0 });
  forgetRequests(set);
  return { set, plan };
}

/** How many writes it takes to apply such a plan. */
async function countWrites(): Promise<number> {
  const { set, plan } = await planned();
  await expectRestIsApplied(set, { plan, at: 'without a kill' });
  const writes = writesOf(set.production).length;
  expect(writes).toBeGreaterThan(20);
  return writes;
}

/** Applies the plan, which writes what is missing and nothing else. */
async function expectRestIsApplied(set: MixedSet, { plan, at }: { plan: string; at: string }): Promise<void> {
  const missing = missingReferences(set);
  forgetRequests(set);
  const { status, report, stderr } = await runWithReport(['apply', plan, '-confirm', set.flag]);
  expect(status, `${at}: ${stderr}`).toBe(0);
  expect(report.summary, at).toMatchObject({ copied: missing.length, failed: 0, 'not-attempted': 0 });
  expect(writtenReferences(set), at).toEqual(missing);
  expectDone(set, at);
}
