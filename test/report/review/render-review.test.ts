// Covers src/report/review/render-review-markdown.ts
// Covers src/report/review/render-review-text.ts
// Covers src/report/review/review-facts.ts
import { describe, expect, it } from 'vitest';
import { renderReviewMarkdown } from '../../../src/report/review/render-review-markdown.ts';
import { renderReviewText } from '../../../src/report/review/render-review-text.ts';
import { formatSize, sizeChange } from '../../../src/report/review/review-facts.ts';
import type { Differences, FieldChange, ImageReview, Review } from '../../../src/report/review/review.ts';
import { digest } from '../../builders/manifests.ts';

const NOTHING: Differences = {
  platforms: [{ platform: 'linux/amd64', before: 1000, after: 1000 }],
  fields: [],
  moreFields: 0,
  commits: null,
  packages: null,
  unknown: [],
};

const MIB = 1024 * 1024;

function imageOf(differences: Partial<Differences>, image: Partial<ImageReview> = {}): ImageReview {
  return {
    image: 'gcr.io/staging/app',
    digest: digest('a'),
    tags: ['v1.2.0'],
    destinations: ['asia.gcr.io/prod/app', 'eu.gcr.io/prod/app'],
    at: 'images/a/images.yaml:3:5',
    previous: { digest: digest('b'), tag: 'v1.1.0', chosenBy: 'version' },
    result: { kind: 'compared', ...NOTHING, ...differences },
    ...image,
  };
}

const REVIEW: Review = {
  version: 1,
  images: [
    imageOf({
      platforms: [
        { platform: 'linux/amd64', before: 10 * MIB, after: 12.5 * MIB },
        { platform: 'linux/arm64', before: 9 * MIB, after: null },
        { platform: 'linux/s390x', before: null, after: 11 * MIB },
      ],
      fields: [
        { field: 'user', platforms: [], before: '65532', after: '0' },
        { field: 'entrypoint', platforms: ['linux/amd64'], before: '["/app"]', after: '["/app","-v"]' },
        { field: 'env API_TOKEN', platforms: [], before: '(not shown)', after: '(not shown)' },
        { field: 'env DEBUG', platforms: [], before: null, after: '1' },
        { field: 'volume /data', platforms: [], before: 'yes', after: null },
      ],
      moreFields: 2,
      commits: {
        before: '1'.repeat(40),
        after: '2'.repeat(40),
        url: `https://github.com/o/r/compare/${'1'.repeat(40)}...${'2'.repeat(40)}`,
      },
      packages: {
        platform: 'linux/amd64',
        gained: [{ name: 'deb/debian/curl', before: null, after: '8.5' }],
        lost: [{ name: 'wget', before: '', after: null }],
        changed: [{ name: 'deb/debian/openssl', before: '3.0.11', after: '3.0.13' }],
        unchanged: 80,
        counts: { gained: 1, lost: 1, changed: 1 },
      },
      unknown: ['base image not annotated'],
    }),
    imageOf(
      {},
      { tags: ['v1.2.1', 'latest'], previous: { digest: digest('b'), tag: null, chosenBy: 'order' } },
    ),
    imageOf({}, { image: 'gcr.io/staging/new', tags: [], previous: null }),
    imageOf({}, { tags: ['v2'], result: { kind: 'failed', reason: 'GET https://gcr.io/v2/: 403' } }),
  ],
  promoted: [{ image: 'gcr.io/staging/app', digest: digest('c'), tags: ['v1.0'] }],
};

const EMPTY: Review = { version: 1, images: [], promoted: [] };

function textOf(review: Review): string {
  return Array.from(renderReviewText(review)).join('');
}

it.each([
  ['txt', textOf],
  ['md', (review: Review) => `${renderReviewMarkdown(review, { maxCharacters: 65_000 })}\n`],
] as const)('a review as %s', async (ending, render) => {
  await expect(render(REVIEW)).toMatchFileSnapshot(`../../../fixtures/reports/review.${ending}`);
});

it('packages beyond the limit of a list are counted', () => {
  const gained = Array.from({ length: 150 }, (_, n) => ({ name: `p${n}`, before: null, after: '1' }));
  const counts = { gained: 2000, lost: 0, changed: 0 };
  const packages = { platform: 'linux/amd64', gained, lost: [], changed: [], unchanged: 5, counts };
  const review: Review = { version: 1, images: [imageOf({ packages })], promoted: [] };
  const text = Array.from(renderReviewText(review)).join('');
  expect(text).toContain('packages of linux/amd64: 2000 gained, 0 lost, 0 changed, 5 unchanged');
  expect(text).toContain('    and 1900 more packages gained\n');
  const markdown = renderReviewMarkdown(review, { maxCharacters: 65_000 });
  expect(markdown).toMatch(/: 2000 gained, 0 lost, 0 changed, 5 unchanged\.\n[^]* and 1970 more$/m);
  expect(markdown).toContain('2000 packages</summary>');
});

it('a review without new images says so', () => {
  expect(textOf(EMPTY)).toBe('no new images to review\n');
  expect(renderReviewMarkdown(EMPTY, { maxCharacters: 1000 })).toBe('No new images to review.');
});

describe('foreign texts', () => {
  const HOSTILE =
    '</code></details>| @octocat owner/repo#123 #1 `x` **b** _i_ <img src=x> [a](javascript:1) https://x.io';
  const field: FieldChange = {
    field: `label ${HOSTILE}`,
    platforms: [HOSTILE],
    before: HOSTILE,
    after: `${HOSTILE}!`,
  };
  const change = { name: HOSTILE, before: HOSTILE, after: HOSTILE };
  const lists = { gained: [change], lost: [change], changed: [change] };
  const review: Review = {
    version: 1,
    images: [
      imageOf({
        platforms: [{ platform: HOSTILE, before: null, after: 1 }],
        fields: [field],
        commits: { before: HOSTILE, after: HOSTILE, url: null },
        packages: { platform: HOSTILE, ...lists, unchanged: 0, counts: { gained: 1, lost: 1, changed: 1 } },
        unknown: [HOSTILE],
      }),
      imageOf({}, { image: HOSTILE, tags: [HOSTILE], destinations: [HOSTILE] }),
      imageOf({}, { result: { kind: 'failed', reason: HOSTILE } }),
    ],
    promoted: [{ image: HOSTILE, digest: HOSTILE, tags: [HOSTILE] }],
  };

  it('are no markup, link, mention or reference in Markdown', () => {
    const text = renderReviewMarkdown(review, { maxCharacters: 65_000 });
    const code = /<code>([^<]*)<\/code>/g;
    const outside = text.replace(code, 'CODE');
    expect(outside).not.toMatch(/octocat|javascript|img|#1|x\.io/);
    for (const [, inside = ''] of text.matchAll(code)) {
      expect(inside).not.toMatch(/[@`*_|<>[\]\\~]|#(?!&)\d*(?<!&#\d*)(?:\D|$)|:\/\//);
    }
    const rows = outside.split('\n').filter((line) => line.startsWith('|'));
    expect(new Set(rows.map((row) => row.split('|').length))).toEqual(new Set([5, 6]));
    expect(outside.match(/<details>/g)?.length).toBe(outside.match(/<\/details>/g)?.length);
  });

  it('are escaped for a terminal', () => {
    const text = textOf({ version: 1, images: [imageOf({ unknown: ['\u001b[2J\u202e'] })], promoted: [] });
    expect(text).toContain('? \\u001b[2J\\u202e');
  });
});

describe('a review in a comment', () => {
  const fields = Array.from({ length: 20 }, (_, number): FieldChange => {
    return { field: `label ${number}`, platforms: [], before: 'x'.repeat(100), after: '|'.repeat(100) };
  });
  const images = Array.from({ length: 1000 }, (_, number) =>
    imageOf({ fields }, { tags: [`v1.0.${number}`] }),
  );

  it.each([65_000, 5_000, 300, 0])('keeps to %i characters', (maxCharacters) => {
    const text = renderReviewMarkdown({ version: 1, images, promoted: [] }, { maxCharacters });
    expect(text.length).toBeLessThanOrEqual(Math.max(maxCharacters, 200));
    expect(text).toMatch(/… and \d+ more images: `cip review` prints them\.$/);
    expect(text.match(/<details>/g)?.length).toBe(text.match(/<\/details>/g)?.length);
  });

  it('has one line for an image that does not fit', () => {
    const [first = imageOf({})] = images;
    const text = renderReviewMarkdown({ version: 1, images: [first], promoted: [] }, { maxCharacters: 1000 });
    expect(text).toBe('- <code>gcr.io/staging/app:v1.0.0</code>: 20 fields; too long for this comment');
  });
});

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [3 * 1024 ** 3, '3.0 GiB'],
  [2 ** 52, '4096.0 TiB'],
])('%i bytes are %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});

it.each([
  [100, 100, ''],
  [100, 150, '+50 %'],
  [1000, 985, '−1.5 %'],
  [0, 2048, '+2.0 KiB'],
  [null, 5, ''],
])('from %s to %s bytes is %j', (before, after, text) => {
  expect(sizeChange({ platform: 'x', before, after })).toBe(text);
});
