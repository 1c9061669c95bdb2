import { expect } from 'vitest';
import { forEachConcurrently } from '../../src/base/concurrency.ts';
import type { PromotionReport } from '../../src/report/report.ts';
import type { Held, Moment } from './holding-proxy.ts';
import { type MixedSet, missingReferences } from './mixed-set.ts';
import { writesOf } from './staging.ts';
import { expectNothingHalfVisible, tagsIn } from './wholeness.ts';

/** Runs at a time: each has registries of its own, and most of a run is the start of a process. */
const AT_A_TIME = 3;
const NEVER = new AbortController().signal;
/** Runs `task` for every stride-th of the points 1, 2, … at which a run can be held. */
export function forEachPoint(
  points: number,
  stride: number,
  task: (number: number) => Promise<void>,
): Promise<void> {
  const numbers = Array.from({ length: Math.ceil(points / stride) }, (_, index) => 1 + index * stride);
  return forEachConcurrently(numbers, { workers: AT_A_TIME, signal: NEVER }, task);
}

export interface Point {
  readonly moment: Moment;
  /** The requests that count, as `METHOD path`. */
  readonly counts: RegExp;
  /** From 1, at all registries together. */
  readonly number: number;
}

/** Holds one request for as long as nobody lets it go. */
export function holdRequest({ proxies }: MixedSet, { moment, counts, number }: Point): Held {
  let seen = 0;
  const isIt = (line: string) => line.search(counts) !== -1 && ++seen === number;
  const holds = proxies.map((proxy) => proxy.hold(isIt, moment));
  return {
    arrived: Promise.race(holds.map(({ arrived }) => arrived)),
    release: () => {
      for (const hold of holds) hold.release();
    },
  };
}

/** What a report says was copied, as `repository/reference`, sorted. */
export function copiedIn(report: PromotionReport | undefined): string[] {
  const copied = report?.items.filter(({ outcome }) => outcome === 'copied') ?? [];
  return copied.map(({ destination }) => referenceIn(destination ?? '')).toSorted();
}

/** `host/repository:tag` and `host/repository@digest` without the host, as `repository/reference`. */
function referenceIn(destination: string): string {
  const path = destination.slice(destination.indexOf('/') + 1);
  return path.replace(/[@:]/, '/');
}

/** Nothing is there half, and no tag that is not wanted as it is. */
export function expectOnlyWanted({ production, goal }: MixedSet): void {
  expectNothingHalfVisible(production);
  expect(goal).toMatchObject(tagsIn(production));
}

export function expectDone(set: MixedSet, at: string): void {
  expectOnlyWanted(set);
  expect(tagsIn(set.production), at).toEqual(set.goal);
  expect(missingReferences(set), at).toEqual([]);
  expect(writesOf(set.staging), at).toEqual([]);
}
