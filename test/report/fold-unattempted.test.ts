import { describe, expect, it } from 'vitest';
import { foldUnattempted } from '../../src/report/fold-unattempted.ts';
import type { PromotionItem, VerificationItem } from '../../src/report/report.ts';
import { digest } from '../builders/manifests.ts';

const A = digest('a');
const STOPPED = 'the run was stopped before it was its turn';

function item(destination: string, changes: Partial<PromotionItem> = {}): PromotionItem {
  const common = { source: `s.io/s/app@${A}`, digest: A, at: 'm.yaml:1:1' };
  return { decision: 'copy', destination, outcome: 'not-attempted', reason: STOPPED, ...common, ...changes };
}

function fold(mode: 'promotion' | 'dry-run', items: readonly PromotionItem[]) {
  const { lines, attempted } = foldUnattempted(items, mode);
  return { lines, attempted: Array.from(attempted, ({ destination }) => destination) };
}

describe('edges that a stopped run did not attempt', () => {
  it('are one line for each host, and the others stay', () => {
    const items = [
      item('p.io/p/app:v1', { outcome: 'copied' }),
      item('p.io/p/app:v2', { outcome: 'failed' }),
      item('p.io/p/app:v3'),
      item('p.io/p/app:v4'),
      item('q.io/p/app:v1', { decision: 'not-attempted', reason: 'the run was stopped' }),
    ];
    expect(fold('promotion', items)).toEqual({
      lines: [`at p.io: 2 edges: ${STOPPED}`, 'at q.io: 1 edge: the run was stopped'],
      attempted: ['p.io/p/app:v1', 'p.io/p/app:v2'],
    });
  });

  it('are told with the last error, where one has it', () => {
    const why = `${STOPPED}; the last attempt had failed: PUT: 500`;
    const { lines } = fold('promotion', [item('p.io/p/a:v1'), item('p.io/p/b:v1', { reason: why })]);
    expect(lines).toEqual([`at p.io: 2 edges: ${why}`]);
  });

  it('of a dry run are those that were not read', () => {
    const items = [item('p.io/p/a:v1'), item('p.io/p/b:v1', { decision: 'not-attempted' })];
    expect(fold('dry-run', items)).toEqual({
      lines: [`at p.io: 1 edge: ${STOPPED}`],
      attempted: ['p.io/p/a:v1'],
    });
  });

  it('of a verification are those that were not checked', () => {
    const common = { asked: null, found: null, digest: A, at: '', reason: 'the run was stopped before' };
    const items: VerificationItem[] = [
      { ...common, decision: 'missing', destination: 'p.io/p/a:v1' },
      { ...common, decision: 'not-checked', destination: 'p.io/p/b:v1' },
    ];
    const { lines, attempted } = foldUnattempted(items, 'verify');
    expect(lines).toEqual(['at p.io: 1 edge: the run was stopped before']);
    expect(Array.from(attempted)).toEqual(items.slice(0, 1));
  });
});
