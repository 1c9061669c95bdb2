import { beforeAll, describe, expect, it } from 'vitest';
import { messageOf } from '../../src/base/errors.ts';
import { cellsOf, nameOf, runCell } from './cell.ts';
import { countOf, expectEdges, expectSound, expectThrift } from './checks.ts';
import type { Cell } from './expectations.ts';
import type { RequestClass } from './request-classes.ts';
import { EDGES, type Run, runScene } from './scene.ts';

/** Milliseconds for a class of requests, on a machine that has other things to do as well. */
const TIMEOUT = 300_000;

/** The part of the matrix that these classes of requests are. */
export function describeClasses(classes: readonly RequestClass[]): void {
  let baseline: Run;

  beforeAll(async () => {
    baseline = await runScene(() => ({}));
  });

  it('without faults a promotion makes every request of the matrix, and everything is promoted', () => {
    expectSound(baseline);
    expect(baseline.copied.size).toBe(EDGES.length);
    const absent = classes.filter((request) => !request.optional && countOf(baseline, { request }) === 0);
    expect(absent.map(({ name }) => name)).toEqual([]);
  });

  describe('whatever goes wrong, nothing half done is visible, the report is right, all else is promoted', () => {
    it.for(classes.map((request) => [request.name, cellsOf(request).length, request] as const))(
      'with %s (%i cells)',
      { timeout: TIMEOUT },
      async ([_name, _cells, request], context) => {
        if (request.optional && countOf(baseline, { request }) === 0)
          return context.skip('no such request is made');
        const wrong: string[] = [];
        for (const cell of cellsOf(request)) {
          const reason = await failureOf(cell, baseline);
          if (reason !== undefined) wrong.push(`${nameOf(cell)}: ${reason}`);
        }
        expect(wrong).toEqual([]);
      },
    );
  });
}

/** Why a cell is not as it should be. */
async function failureOf(cell: Cell, baseline: Run): Promise<string | undefined> {
  try {
    const run = await runCell(cell);
    expectSound(run);
    expectEdges(run, cell);
    expectThrift(run, cell, baseline);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
