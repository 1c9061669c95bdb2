// Covers src/report/attached/attached-table.ts
import { CommentRoom } from '../../../src/report/summary/comment-room.ts';
import { describe, expect, it } from 'vitest';
import { renderAttached } from '../../../src/report/attached/attached-table.ts';
import { parseJunit } from '../../../src/report/attached/junit.ts';
import { makeTestTables } from '../../../src/report/attached/test-tables.ts';
import type { PromotionItem } from '../../../src/report/report.ts';
import { digest } from '../../builders/manifests.ts';

const [A, B] = [digest('a'), digest('b')];

function itemOf(destination: string, hash: string): PromotionItem {
  const name = destination.replace(/^[^/]+\/prod\//, '').replace(/[:@].*$/, '');
  const source = `gcr.io/staging/${name}@${hash}`;
  return {
    decision: 'copy',
    source,
    destination,
    digest: hash,
    outcome: 'not-attempted',
    reason: '',
    at: 'm.yaml:1:1',
  };
}

const REPORT = {
  mode: 'dry-run',
  items: [
    itemOf('eu.gcr.io/prod/app:v1', A),
    itemOf('eu.gcr.io/prod/app:v1.0', A),
    itemOf('us.gcr.io/prod/app:v1', A),
    itemOf('us.gcr.io/prod/app:v1.0', A),
    itemOf(`eu.gcr.io/prod/sub/tool@${B}`, B),
  ],
} as const;

function tablesOf(xml: string) {
  return makeTestTables(parseJunit(`<testsuites>${xml}</testsuites>`), REPORT);
}

describe('the tables of test results', () => {
  it.each([
    ['the name of a suite', '<testsuite name="gcr.io/staging/app:v1"><testcase name="t"/></testsuite>'],
    [
      'a property',
      '<testsuite><properties><property name="x" value="app:v1.0"/></properties><testcase name="t"/></testsuite>',
    ],
    ['a class', '<testsuite><testcase name="t" classname="localhost:5000/app:v1"/></testsuite>'],
    ['the name of a test', `<testsuite><testcase name="pulls app@${A}"/></testsuite>`],
  ])('have a row for the image that %s names', (_what, xml) => {
    expect(tablesOf(xml)).toEqual([
      {
        title: 'Test results by image',
        header: ['image', 'tags', 'digest', 'tests', 'passed', 'failed', 'skipped'],
        rows: [['app', 'v1, v1.0', 'aaaaaaaaaaaa', 1, 1, 0, 0]],
        notes: [],
      },
    ]);
  });

  it.each(['app', 'myapp:v1', 'app:v1x', 'app:v2', 'tool:v1', `x@${digest('c')}`])(
    'have a row for the suite where a test names no image of the run: %s',
    (name) => {
      expect(tablesOf(`<testsuite name="${name}"><testcase name="t"/></testsuite>`)).toMatchObject([
        { title: 'Test results', rows: [[name, 1, 1, 0, 0]] },
      ]);
    },
  );

  it('count outcomes, have failures first, and name them', () => {
    const xml = `<testsuite name="other"><testcase name="a"/><testcase name="b"><skipped/></testcase></testsuite>
      <testsuite name="bad"><testcase name="c|d"><failure message="no | answer"/></testcase></testsuite>`;
    const tables = tablesOf(xml);
    expect(tables).toMatchObject([
      {
        rows: [
          ['bad', 1, 0, 1, 0],
          ['other', 2, 1, 0, 1],
        ],
        notes: ['failed: bad: c|d: no | answer'],
      },
    ]);
    expect(renderAttached(tables, new CommentRoom()).join('\n\n')).toBe(
      [
        '### Test results',
        '',
        '| suite | tests | passed | failed | skipped |',
        '| --- | ---: | ---: | ---: | ---: |',
        '| bad | 1 | 0 | 1 | 0 |',
        '| other | 2 | 1 | 0 | 1 |',
        '',
        '- failed: bad: c\\|d: no \\| answer',
      ].join('\n'),
    );
  });

  it('fit a comment, however many there are', () => {
    const suites = Array.from(
      { length: 5_000 },
      (_, index) =>
        `<testsuite name="s${index}"><testcase name="t"><failure message="${'x'.repeat(500)}"/></testcase></testsuite>`,
    );
    const text = renderAttached(tablesOf(suites.join('')), new CommentRoom()).join('\n\n');
    expect(text).toContain('… and 4596 more rows.');
    expect(text).toContain('… and 4980 more');
    expect(text.length).toBeLessThan(20_000);
  });

  it('fit a comment, however long their texts are', () => {
    const long = 'x'.repeat(10_000);
    const suites = Array.from(
      { length: 200 },
      (_, index) =>
        `<testsuite name="${index}${long}"><testcase name="${long}"><failure message="${long}"/></testcase></testsuite>`,
    );
    const text = renderAttached(tablesOf(suites.join('')), new CommentRoom()).join('\n\n');
    expect(text).toContain(`| 0${'x'.repeat(119)}… | 1 |`);
    expect(text.length).toBeLessThan(30_000);
  });
});
