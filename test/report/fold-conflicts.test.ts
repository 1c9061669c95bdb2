import { expect, it } from 'vitest';
import { foldConflicts } from '../../src/report/fold-conflicts.ts';

it('of each conflict the first item is told', () => {
  const items = [
    { destination: 'a:v1', decision: 'conflict', digest: 1 },
    { destination: 'a:v1', decision: 'conflict', digest: 2 },
    { destination: 'a:v1', decision: 'conflict', digest: 3 },
    { destination: 'a:v2', decision: 'conflict', digest: 1 },
    { destination: 'a:v2', decision: 'conflict', digest: 2 },
    { destination: 'b:v1', decision: 'lost', digest: 4 },
    { destination: 'b:v1', decision: 'lost', digest: 5 },
    { destination: null, decision: 'invalid', digest: 6 },
    { destination: null, decision: 'invalid', digest: 7 },
  ];
  const folded = foldConflicts(items, ({ decision }) => decision === 'conflict');
  expect(Array.from(folded, ({ digest }) => digest)).toEqual([1, 1, 4, 5, 6, 7]);
  expect(Array.from(folded)).toHaveLength(6); // it can be gone through again
});
