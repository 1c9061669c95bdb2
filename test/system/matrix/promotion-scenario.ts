import { expect } from 'vitest';
import { expectEdges, expectSound } from './checks.ts';
import type { Scenario } from './describe-classes.ts';
import type { RequestClass } from './request-classes.ts';
import { EDGES, type Run, runScene, type Uploads } from './scene.ts';

/** A promotion to a destination that takes blobs in this way. */
export function promotionScenario(
  uploads: Uploads,
  classes: readonly RequestClass[],
): Scenario<RequestClass, Run> {
  return {
    classes,
    run: (makeTrouble) => runScene(uploads, makeTrouble),
    expectWhole: (run) => {
      expectSound(run);
      expect(run.copied.size).toBe(EDGES.length);
    },
    expectRight: (run, cell) => {
      expectSound(run);
      expectEdges(run, cell);
    },
  };
}
