// Covers src/workflows/diff/diff-page.ts
import { describe, expect, it } from 'vitest';
import type { Difference } from '../../../src/workflows/diff/compare.ts';
import { DiffCounter } from '../../../src/workflows/diff/compare.ts';
import { type DiffFormat, renderDiff } from '../../../src/workflows/diff/render.ts';
import { digest, tag } from '../../builders/manifests.ts';

const ONE = digest('1');
const TWO = digest('2');

const SOME: readonly Difference[] = [
  { kind: 'only-in-a', image: 'app', digest: ONE, tags: [tag('v1'), tag('v2')] },
  { kind: 'only-in-b', image: 'app', digest: TWO, tags: [] },
  { kind: 'tag', image: 'app', tag: tag('x'), a: ONE, b: undefined },
];

async function* stream(differences: readonly Difference[]) {
  yield* differences;
}

async function render(differences: readonly Difference[], format: DiffFormat, complete = true) {
  const counter = new DiffCounter();
  const rendering = { format, titles: { a: 'gcr.io/a', b: 'b|".yaml' }, counter, isComplete: () => complete };
  let text = '';
  for await (const piece of renderDiff(counter.count(stream(differences)), rendering)) text += piece;
  return text;
}

describe('a comparison', () => {
  it('in text is a line for each difference', async () => {
    expect(await render(SOME, 'text')).toBe(
      [
        '--- gcr.io/a',
        '+++ b|".yaml',
        `- app@${ONE} [v1, v2]`,
        `+ app@${TWO}`,
        `~ app:x ${ONE} -> none`,
        '',
      ].join('\n'),
    );
    expect(await render([], 'text')).toBe('');
  });

  it('in JSON has every difference and their number', async () => {
    expect(JSON.parse(await render(SOME, 'json'))).toEqual({
      version: 1,
      a: 'gcr.io/a',
      b: 'b|".yaml',
      differences: [
        { kind: 'only-in-a', image: 'app', digest: ONE, tags: ['v1', 'v2'] },
        { kind: 'only-in-b', image: 'app', digest: TWO, tags: [] },
        { kind: 'tag', image: 'app', tag: 'x', a: ONE, b: null },
      ],
      summary: { equal: false, complete: true, onlyInA: 1, onlyInB: 1, tags: 1 },
    });
    expect(JSON.parse(await render([], 'json'))).toMatchObject({
      differences: [],
      summary: { equal: true, complete: true, onlyInA: 0, onlyInB: 0, tags: 0 },
    });
  });

  it('that is not complete never says that the sides are equal', async () => {
    const { summary } = JSON.parse(await render([], 'json', false));
    expect(summary).toMatchObject({ equal: false, complete: false });
    expect(await render([], 'markdown', false)).toMatch(/^## No differences in the compared part\n/);
  });

  it('as a page has a row for each tag that differs, and a column for each side', async () => {
    const other: Difference = { kind: 'tag', image: 'app', tag: tag('v2'), a: ONE, b: TWO };
    const html = await render([...SOME, other], 'html');
    const data = JSON.parse(/(?<=id="data">).*?(?=<.script>)/.exec(html)?.[0] ?? '');
    expect(data).toMatchObject({
      verdict: '1 digest only in A, 1 digest only in B, 2 different tags',
      isGood: false,
      matrix: { kind: 'sides', columns: ['A: gcr.io/a', 'B: b|".yaml'] },
    });
    const { rows, cells, results, reasons } = data.matrix;
    const described = rows.map(([, name, , , , index]: [0, string | null, 0, 0, 0, number]) =>
      [name, ...cells[index].map(([, code]: [0, number]) => results[code].name)].join(' '),
    );
    expect(described).toEqual([
      'v1 present missing',
      ' missing present',
      'x present missing',
      'v2 different',
    ]);
    expect(reasons.at(-1)).toEqual([`A has ${ONE}, B has ${TWO}`, -1]);
    const cut = await render([], 'html', false);
    expect(cut).toContain('"verdict":"No differences; not everything could be compared","isGood":false');
  });

  it('in Markdown is a table', async () => {
    const text = await render(SOME, 'markdown');
    expect(text).toMatch(/^## Differences\n/);
    expect(text).toContain(`| app@${ONE} | v1, v2 | – |`);
    expect(text).toContain(`| app@${TWO} | – | untagged |`);
    expect(text).toContain(`| app:x | ${ONE} | – |`);
    expect(text).toContain('b\\|".yaml');
    expect(await render([], 'markdown')).toMatch(/^## No differences\n/);
  });

  it('in Markdown fits a comment, and gives the number of left-out differences', async () => {
    const many = Array.from({ length: 2000 }, () => SOME.filter(({ kind }) => kind === 'only-in-b')).flat();
    const text = await render(many, 'markdown');
    expect(text.length).toBeLessThan(65_536);
    const rows = text.split('\n').filter((line) => line.startsWith('| app@')).length;
    expect(text).toContain(`… and ${2000 - rows} more`);
    expect(rows).toBeGreaterThan(100);
  });
});
