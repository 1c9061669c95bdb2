import { describe, expect, it } from 'vitest';
import { remarksOf } from '../../../src/report/remarks/remark.ts';
import type { PromotionItem } from '../../../src/report/report.ts';

const ITEM: PromotionItem = {
  decision: 'tag-move',
  source: 's.io/s/app@sha256:a',
  destination: 'p.io/p/app:v1',
  digest: 'sha256:a',
  outcome: 'not-attempted',
  reason: 'tag v1 in dst points to sha256:b',
  at: 'images/x/images.yaml:3:5',
};

const inRepository = (file: string) => `top/${file}`;

function remarks(items: readonly PromotionItem[]) {
  return remarksOf({ findings: [], items }, inRepository).map(({ rule, message }) => `${rule}: ${message}`);
}

describe('the remarks of a report', () => {
  it('are its findings with their place in the repository, and their advice', () => {
    const findings = [
      {
        rule: 'moving-tag',
        level: 'warn',
        message: 'm',
        advice: 'a',
        at: 'images/x:y/images.yaml:3:5',
        edges: [],
      },
      { rule: 'incomplete-source', level: 'error', message: 'm', at: '', edges: [] },
    ] as const;
    expect(remarksOf({ findings, items: [] }, inRepository)).toEqual([
      {
        rule: 'moving-tag',
        level: 'warn',
        message: 'm: a',
        at: { file: 'top/images/x:y/images.yaml', line: 3, column: 5 },
      },
      { rule: 'incomplete-source', level: 'error', message: 'm', at: undefined },
    ]);
  });

  it('have the destinations of one entry together', () => {
    expect(remarks([ITEM, { ...ITEM, destination: 'q.io/p/app:v1' }])).toEqual([
      'tag-move: tag-move: s.io/s/app@sha256:a -> p.io/p/app:v1: tag v1 in dst points to sha256:b, and 1 edge more',
    ]);
  });

  it.each(['present', 'copy', 'add-tag', 'unreadable', 'blocked', 'not-attempted'] as const)(
    'have nothing about edges that are %s',
    (decision) => {
      expect(remarks([{ ...ITEM, decision }])).toEqual([]);
    },
  );
});
