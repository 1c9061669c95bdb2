import { expect, it } from 'vitest';
import { noEdges } from '../../../src/plan/plan.ts';
import { renderMarkdown } from '../../../src/report/render-markdown.ts';
import type { PromotionItem, RunReport } from '../../../src/report/report.ts';
import { renderReviewMarkdown } from '../../../src/report/review/render-review-markdown.ts';
import type { ImageReview } from '../../../src/report/review/review.ts';
import { CommentRoom, MAX_COMMENT } from '../../../src/report/summary/comment-room.ts';
import { digest } from '../../builders/manifests.ts';

it('a section takes lines from its own room and from that of the comment', () => {
  const room = new CommentRoom(20);
  const section = room.part(12);
  expect(section.take('x'.repeat(12))).toBe(false);
  expect(section.take('x'.repeat(11))).toBe(true);
  expect(section.take('')).toBe(false);
  expect(room.part(100).take('x'.repeat(8))).toBe(false);
  expect(room.part(100).take('x'.repeat(7))).toBe(true);
  expect(room.take('')).toBe(false);
});

it('a report with very much of everything fits a comment, with its review', () => {
  const count = 3_000;
  const long = 'x'.repeat(60);
  const host = (number: number) => `h${number}.${long}.io`;
  const items = Array.from({ length: count }, (_, number): PromotionItem => {
    const decision = (['copy', 'add-tag', 'lost', 'tag-move'] as const)[number % 4] ?? 'copy';
    return {
      decision,
      destination: `${host(number % 900)}/prod/${long}/app${number}:v1`,
      digest: digest('a'),
      source: `gcr.io/staging/${long}/app${number}@${digest('a')}`,
      outcome: 'not-attempted',
      reason: `reason ${number} ${long}`,
      at: `images/a/images.yaml:${number}:1`,
    };
  });
  const edges = { ...noEdges(), copy: 1 };
  const traffic = {
    requests: 1,
    retries: 1,
    interrupted: 0,
    throttled: 0,
    identities: [],
    bytesIn: 1,
    bytesOut: 1,
  };
  const names = Array.from({ length: 900 }, (_, number) => host(number));
  const hosts = names.map((name) => [name, { ...traffic, edges, repositories: { byListing: 1, byHead: 1 } }]);
  const finding = { rule: 'r', level: 'error', message: long, at: 'm.yaml:1:1', edges: [] } as const;
  const outcomes = { invalid: 0, copied: 0, failed: 0, 'not-attempted': 0 };
  const report: RunReport = {
    version: 1,
    mode: 'dry-run',
    startedAt: '2026-11-20T21:00:00.000Z',
    durationMs: 1,
    stopped: false,
    manifests: { projects: 1, images: count, digests: count },
    summary: {
      ...noEdges(),
      ...outcomes,
      edges: count,
      copy: 750,
      'add-tag': 750,
      lost: 750,
      'tag-move': 750,
    },
    findings: Array.from({ length: 500 }, () => finding),
    items,
    hosts: Object.fromEntries(hosts),
  };
  const image: ImageReview = {
    image: 'gcr.io/staging/app',
    digest: digest('a'),
    tags: ['v1'],
    destinations: [],
    at: '',
    previous: null,
    result: { kind: 'failed', reason: long },
  };
  const review = { version: 1, images: Array.from({ length: 500 }, () => image), promoted: [] } as const;
  const render = (maxCharacters: number) => renderReviewMarkdown(review, { maxCharacters });
  const text = renderMarkdown(report, { review: { images: 500, render } });
  expect(text.length).toBeLessThanOrEqual(MAX_COMMENT);
  expect(text.length).toBeGreaterThan(40_000);
  expect(text.match(/<details>/g)?.length).toBe(text.match(/<\/details>/g)?.length);
  for (const section of [
    '### Problems',
    '### To copy',
    '### To tag',
    'Edges and hosts',
    'Review: 500 new images',
  ]) {
    expect(text).toContain(section);
  }
});
