// Covers src/workflows/verify/parse-verification.ts
// Covers src/workflows/verify/render-markdown.ts
// Covers src/workflows/verify/verification.ts

import { describe, expect, it } from 'vitest';
import type { ReadManifests } from '../../../src/manifest/model.ts';
import { MergeError, type Named } from '../../../src/report/check-shards.ts';
import { renderJson } from '../../../src/report/render-json.ts';
import { parseDocument } from '../../../src/report/report-document.ts';
import { mergeVerifications } from '../../../src/workflows/verify/merge-verifications.ts';
import { asVerification, isOfVerification } from '../../../src/workflows/verify/parse-verification.ts';
import { renderVerificationMarkdown } from '../../../src/workflows/verify/render-markdown.ts';
import type { Verification } from '../../../src/workflows/verify/verification.ts';
import { image } from '../../builders/images.ts';
import { from } from '../../builders/manifests.ts';
import { MemoryRegistry } from '../../doubles/memory-registry.ts';
import { type VerifyingOptions, verifyManifests } from './verifying.ts';

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

describe('the merged report of all shards of a verification', () => {
  it.each([1, 2, 3, 5])('is the report of one run: %i of them', async (count) => {
    const { shards, ...merged } = mergeVerifications((await shardsOf(count, { deep: true })).toReversed());
    expect(merged).toEqual(await verifyAll({ deep: true }));
    expect(merged.summary).toMatchObject({ edges: 16, present: 3, different: 3, missing: 10, invalid: 1 });
    expect(shards?.map(({ index }) => index)).toEqual(Array.from(Array(count).keys()));
  });

  it('is read as it was written, and says in Markdown what it is of', async () => {
    const shards = await shardsOf(2);
    const merged = mergeVerifications(shards);
    for (const report of [merged, ...shards.map((shard) => shard.report)]) {
      const document = parseDocument(Array.from(renderJson(report)).join(''));
      expect(isOfVerification(document)).toBe(true);
      expect(asVerification(document)).toEqual(report);
    }
    const titles = [shards[1]?.report ?? merged, merged].map(
      (report) => renderVerificationMarkdown(report).split('\n')[0],
    );
    expect(titles).toEqual(['## Image verification, shard 1/2', '## Image verification, 2 shards']);
  });
});

describe('reports that are not all shards of one verification are refused in words', () => {
  it.each<[string, VerifyingOptions, RegExp]>([
    [
      'one that has looked deeper',
      { deep: true },
      /the first is a verification, the second a verification with -deep$/,
    ],
    ['one that has asked a front', { via: 'front.io' }, /the second a verification with -via=front\.io$/],
    ['one with other malformed entries', { problems: [] }, /different malformed entries/],
  ])('%s', async (_what, options, words) => {
    const [zero] = await shardsOf(2);
    const [, one] = await shardsOf(2, options);
    const reports = [zero, one].filter((report) => report !== undefined);
    expect(() => mergeVerifications(reports)).toThrow(MergeError);
    expect(() => mergeVerifications(reports)).toThrow(words);
  });

  it('what is malformed is named', async () => {
    const report = await verifyAll();
    const check = (changes: object) => asVerification({ ...report, ...changes });
    expect(() => check({ deep: 'yes' })).toThrow('it is not a report: "deep" is missing or malformed');
    expect(() => check({ summary: { ...report.summary, missing: -1 } })).toThrow('"summary.missing"');
  });
});
