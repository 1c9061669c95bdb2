import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ReadManifests } from '../../src/manifest/model.ts';
import { MergeError, type Named } from '../../src/report/check-shards.ts';
import { mergeReports } from '../../src/report/merge-reports.ts';
import { parseReport } from '../../src/report/parse-report.ts';
import { renderJson } from '../../src/report/render-json.ts';
import { renderMarkdown } from '../../src/report/render-markdown.ts';
import { renderItemLine, renderTables } from '../../src/report/render-text.ts';
import type { Verification } from '../../src/report/report.ts';
import { image } from '../builders/images.ts';
import { from } from '../builders/manifests.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { type VerifyingOptions, verifyManifests } from '../workflows/verify/verifying.ts';

const NAMES = ['a', 'b', 'c', 'c-d', 'c/d', 'e', 'f', 'g'];
const WANTED = image({ seed: 'wanted' });
const OTHER = image({ seed: 'other' });
const MALFORMED: ReadManifests['problems'][number] = {
  severity: 'error',
  rule: 'digest',
  message: 'not a digest',
  frame: '',
  at: { file: 'm.yaml', line: 3, column: 5 },
};

/** Of every third repository all is there, the next one has another tag, the third one nothing. */
function verifyAll(options: VerifyingOptions = {}): Promise<Verification> {
  const registry = new MemoryRegistry();
  NAMES.forEach((name, index) => {
    if (index % 3 < 2) registry.push(`p.io/p/${name}`, index % 3 === 0 ? WANTED : OTHER, 'v1');
  });
  const dmap = { [WANTED.manifest.digest]: ['v1'] };
  const manifest = from('s.io/s')
    .to('p.io/p', 'q.io')
    .promote(Object.fromEntries(NAMES.map((name) => [name, dmap])));
  return verifyManifests(registry, [manifest], { problems: [MALFORMED], ...options });
}

function shardsOf(count: number, options: VerifyingOptions = {}): Promise<Named<Verification>[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => ({
      name: `${index}.json`,
      report: await verifyAll({ shard: { index, count }, ...options }),
    })),
  );
}

const jsonOf = (report: Verification) => Array.from(renderJson(report)).join('');

describe('the report of a verification', () => {
  it('is as it has always been: JSON, Markdown, tables and lines', async () => {
    const report = await verifyAll();
    const golden = '../../fixtures/reports/verification';
    await expect(jsonOf(report)).toMatchFileSnapshot(`${golden}.json`);
    await expect(renderMarkdown(report)).toMatchFileSnapshot(`${golden}.md`);
    const lines = report.items.map(renderItemLine);
    await expect(`${lines.join('\n')}\n\n${renderTables(report)}\n`).toMatchFileSnapshot(`${golden}.txt`);
  });

  it('of version 1 is read as one of version 2', async () => {
    const old = readFileSync('fixtures/reports/version-1/verification.json', 'utf8');
    expect(old).toContain('"verdict": "different"');
    expect(parseReport(old)).toEqual(await verifyAll({ shard: { index: 0, count: 2 } }));
  });

  it('of version 1 is merged with a shard of version 2', async () => {
    const old = parseReport(readFileSync('fixtures/reports/version-1/verification.json', 'utf8'));
    const one = await verifyAll({ shard: { index: 1, count: 2 } });
    const merged = mergeReports([
      { name: '0.json', report: old },
      { name: '1.json', report: one },
    ]);
    expect(merged).toEqual(mergeReports(await shardsOf(2)));
  });

  it.each([
    ['a later version', { version: 3 }, /"version" is 3/],
    ['a decision', { items: [{ decision: 'lost' }] }, /"items\[0\]\.decision"/],
    ['a verdict in version 2', { items: [{ verdict: 'missing' }] }, /"items\[0\]\.decision"/],
    ['a verdict in version 1', { version: 1, items: [{ verdict: 'odd' }] }, /"items\[0\]\.decision"/],
    ['no items', { items: 1 }, /"items"/],
    ['a flag', { deep: 'yes' }, /^it is not a report: "deep" is missing or malformed/],
    ['a repair', { repair: { confirmed: true } }, /"repair\.pieces"/],
  ])('with something wrong is refused, naming it: %s', async (_what, changes, words) => {
    const text = JSON.stringify({ ...(await verifyAll()), ...changes });
    expect(() => parseReport(text)).toThrow(words);
  });
});

describe('the merged report of all shards of a verification', () => {
  it.each([1, 2, 3, 5])('is the report of one run: %i of them', async (count) => {
    const { shards, ...merged } = mergeReports((await shardsOf(count, { deep: true })).toReversed());
    expect(merged).toEqual(await verifyAll({ deep: true }));
    expect(merged.summary).toMatchObject({ edges: 16, present: 3, different: 3, missing: 10, invalid: 1 });
    expect(shards?.map(({ index }) => index)).toEqual(Array.from(Array(count).keys()));
  });

  it('is read as it was written, and has its shards in the title of its Markdown', async () => {
    const shards = await shardsOf(2);
    const merged = mergeReports(shards);
    const reports = [merged, ...shards.map(({ report }) => report)];
    for (const report of reports) expect(parseReport(jsonOf(report))).toEqual(report);
    expect(reports.map((report) => renderMarkdown(report).split('\n')[0])).toEqual([
      '## Image verification, 2 shards',
      '## Image verification, shard 0/2',
      '## Image verification, shard 1/2',
    ]);
  });
});

describe('reports that are not all shards of one verification are refused', () => {
  it.each<[string, VerifyingOptions, RegExp]>([
    [
      'one with another depth',
      { deep: true },
      /the first is a verification, the second a verification with -deep$/,
    ],
    ['one of a mirror', { via: 'front.io' }, /the second a verification with -via=front\.io$/],
    ['one with other malformed entries', { problems: [] }, /different malformed entries/],
  ])('%s', async (_what, options, words) => {
    const [zero] = await shardsOf(2);
    const [, one] = await shardsOf(2, options);
    const reports = [zero, one].filter((report) => report !== undefined);
    expect(() => mergeReports(reports)).toThrow(MergeError);
    expect(() => mergeReports(reports)).toThrow(words);
  });
});
