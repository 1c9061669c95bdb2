import { beforeAll, describe, expect, it } from 'vitest';
import { messageOf } from '../../../src/base/errors.ts';
import { cellsOf, nameOf, troubleOf } from './cell.ts';
import { countOf, expectThrift } from './checks.ts';
import type { Cell } from './expectations.ts';
import type { TroubledRequest } from './request-classes.ts';
import type { StagePlan, Traces } from './stage.ts';

/** What is done on the stage, and what has to be true of it afterwards. */
export interface Scenario<Request extends TroubledRequest, Run extends Traces> {
  /** Kinds of requests that it makes. */
  readonly classes: readonly Request[];
  readonly run: (makeTrouble: StagePlan['makeTrouble']) => Promise<Run>;
  /** Of a run without faults. */
  readonly expectWhole: (run: Run) => void;
  readonly expectRight: (run: Run, cell: Cell<Request>, baseline: Run) => void;
}

/** Milliseconds for a class of requests, on a machine that has other things to do as well. */
const TIMEOUT = 300_000;

/** The part of the matrix that these classes of requests are. */
export function describeClasses<Request extends TroubledRequest, Run extends Traces>(
  scenario: Scenario<Request, Run>,
): void {
  const { classes, run, expectWhole } = scenario;
  let baseline: Run;

  beforeAll(async () => {
    baseline = await run(() => ({}));
  });

  it('without faults every request of the matrix is made, and everything is well', () => {
    expectWhole(baseline);
    const absent = classes.filter((request) => countOf(baseline, request) === 0);
    expect(absent.map(({ name }) => name)).toEqual([]);
  });

  describe('whatever goes wrong, nothing half done is visible, what is said is right, all else is done', () => {
    it.for(classes.map((request) => [request.name, cellsOf(request).length, request] as const))(
      'with %s (%i cells)',
      { timeout: TIMEOUT },
      async ([_name, _cells, request]) => {
        const wrong: string[] = [];
        for (const cell of cellsOf(request)) {
          const reason = await failureOf(cell, baseline, scenario);
          if (reason !== undefined) wrong.push(`${nameOf(cell)}: ${reason}`);
        }
        expect(wrong).toEqual([]);
      },
    );
  });
}

/** Why a cell is not as it should be. */
async function failureOf<Request extends TroubledRequest, Run extends Traces>(
  cell: Cell<Request>,
  baseline: Run,
  { run, expectRight }: Scenario<Request, Run>,
): Promise<string | undefined> {
  try {
    const ended = await run(troubleOf(cell));
    expectRight(ended, cell, baseline);
    expectThrift(ended, cell, baseline);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
