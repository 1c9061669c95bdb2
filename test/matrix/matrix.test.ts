import { beforeAll, describe, expect, it } from 'vitest';
import { messageOf } from '../../src/base/errors.ts';
import { cellsOf, nameOf, runCell } from './cell.ts';
import { countOf, expectEdges, expectSound, expectThrift } from './checks.ts';
import type { Cell } from './expectations.ts';
import { REQUEST_CLASSES } from './request-classes.ts';
import { EDGES, type Run, runScene } from './scene.ts';

let baseline: Run;

beforeAll(async () => {
  baseline = await runScene(() => ({}));
});

it('without faults a promotion makes every request of the matrix, and everything is promoted', () => {
  expectSound(baseline);
  expect(baseline.copied.size).toBe(EDGES.length);
  const absent = REQUEST_CLASSES.filter(
    (request) => !request.optional && countOf(baseline, { request }) === 0,
  );
  expect(absent.map(({ name }) => name)).toEqual([]);
});

describe('whatever goes wrong with', () => {
  it.each(REQUEST_CLASSES.map((request) => [request.name, request] as const))(
    '%s, nothing half done is visible, the report is right, and all else is promoted',
    { timeout: 300_000 },
    async (_name, request) => {
      const cells = countOf(baseline, { request }) === 0 ? [] : cellsOf(request);
      const wrong: string[] = [];
      for (const cell of cells) {
        const reason = await failureOf(cell);
        if (reason !== undefined) wrong.push(`${nameOf(cell)}: ${reason}`);
      }
      expect(wrong).toEqual([]);
    },
  );
});

/** Why a cell is not as it should be. */
async function failureOf(cell: Cell): Promise<string | undefined> {
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
