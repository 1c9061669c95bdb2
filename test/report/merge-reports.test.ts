// Covers src/report/check-shards.ts
// Covers src/report/parse-report.ts

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import { takeShard } from '../../src/edges/take-shard.ts';
import { makePlan, planConflicts } from '../../src/plan/make-plan.ts';
import { MergeError, type Named } from '../../src/report/check-shards.ts';
import type { MalformedEntry } from '../../src/report/make-envelope.ts';
import { makeReport } from '../../src/report/make-report.ts';
import { mergeReports } from '../../src/report/merge-reports.ts';
import { parseReport } from '../../src/report/parse-report.ts';
import { renderJson } from '../../src/report/render-json.ts';
import { renderMarkdown } from '../../src/report/render-markdown.ts';
import type { PromotionHost, PromotionReport } from '../../src/report/report.ts';
import { kept } from '../builders/kept.ts';
import { digest, from } from '../builders/manifests.ts';

const A = digest('a');
const B = digest('b');
const MALFORMED: MalformedEntry = {
  severity: 'error',
  rule: 'digest',
  message: 'not a digest',
  at: { file: 'm.yaml', line: 3, column: 5 },
};
const COUNTS = { projects: 1, images: 3, digests: 4 };
const NAMES = ['a', 'b', 'c', 'c-d', 'c/d', 'group/e', 'f', 'g', 'h'];

/** What a run would say whose registries have nothing: every edge is lost, conflicts are conflicts. */
function reportOf(
  images: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>,
  { index, count, ...changes }: { index: number; count: number } & Partial<PromotionReport>,
): PromotionReport {
  const all = expandEdges([from('s.io/s').to('p.io/p', 'q.io').promote(images)]);
  const wanted = takeShard(all, { index, count });
  const destinations = new Map(
    wanted.repositories.map(({ repository }) => [
      repository,
      {
        kind: 'read',
        by: 'head',
        exists: true,
        complete: true,
        tags: new Map(),
        digests: new Set<typeof A>(),
      } as const,
    ]),
  );
  const report = makeReport({
    mode: 'dry-run',
    startedAt: 0,
    durationMs: 1000,
    stopped: false,
    edges: wanted.edges,
    shard: wanted.shard,
    readings: new Map(),
    plan: makePlan(wanted, { destinations, sources: new Map() }),
    outcomes: new Map(),
    problems: [MALFORMED],
    manifests: COUNTS,
    traffic: new Map(),
  });
  return { ...kept(report), ...changes };
}

const IMAGES = Object.fromEntries(
  NAMES.map((name) => [name, { [A]: ['v1', 'v2'], [B]: name === 'f' ? ['v1'] : [] }]),
);

function shardsOf(
  count: number,
  changes: readonly Partial<PromotionReport>[] = [],
  images = IMAGES,
): Named<PromotionReport>[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `${index}.json`,
    report: reportOf(images, { index, count, ...changes[index] }),
  }));
}

function host(changes: Partial<PromotionHost>): PromotionHost {
  return {
    edges: {
      present: 1,
      copy: 0,
      'add-tag': 0,
      'tag-move': 0,
      lost: 0,
      conflict: 0,
      unreadable: 2,
      blocked: 0,
      'not-attempted': 0,
    },
    repositories: { byListing: 1, byHead: 2 },
    requests: 1,
    retries: 0,
    interrupted: 0,
    throttled: 0,
    identities: [],
    bytesIn: 10,
    bytesOut: 0,
    ...changes,
  };
}

describe('the merged report of all shards', () => {
  it('is the report of one run, in whatever order they are given', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom(...NAMES),
          fc.dictionary(fc.constantFrom(A, B), fc.uniqueArray(fc.constantFrom('v1', 'v2')), { maxKeys: 2 }),
        ),
        fc.integer({ min: 1, max: 5 }),
        fc.nat(4),
        (images, count, turn) => {
          const { shard: _, ...whole } = reportOf(images, { index: 0, count: 1 });
          const shards = shardsOf(count, [], images);
          const turned = [...shards.slice(turn), ...shards.slice(0, turn)];
          const { shards: parts, ...merged } = mergeReports(turned);
          expect(merged).toEqual(whole);
          expect(parts?.map(({ index }) => index)).toEqual(Array.from(Array(count).keys()));
        },
      ),
      { seed: 20261121 },
    );
  });

  it('has a malformed entry once, though each shard has it', () => {
    const { summary, items } = mergeReports(shardsOf(3));
    expect(summary.invalid).toBe(1);
    expect(items.filter(({ decision }) => decision === 'invalid')).toHaveLength(1);
    expect(items.at(-1)?.decision).toBe('invalid');
  });

  it('adds up the attachments of its shards', () => {
    const counts = { carried: 2, planned: 1, ignored: 3 };
    const merged = mergeReports(shardsOf(3, [{ attachments: counts }, {}, { attachments: counts }]));
    expect(merged.attachments).toEqual({ carried: 4, planned: 2, ignored: 6 });
    expect(mergeReports(shardsOf(3))).not.toHaveProperty('attachments');
  });

  it('takes the time from the first beginning to the last end, and was stopped where one shard was', () => {
    const merged = mergeReports(
      shardsOf(3, [
        { startedAt: '2026-11-21T10:00:05.000Z', durationMs: 1000 },
        { startedAt: '2026-11-21T10:00:00.000Z', durationMs: 2000, stopped: true },
        { startedAt: '2026-11-21T10:00:01.000Z', durationMs: 9000 },
      ]),
    );
    expect(merged).toMatchObject({
      startedAt: '2026-11-21T10:00:00.000Z',
      durationMs: 10_000,
      stopped: true,
      shards: [
        { index: 0, count: 3, durationMs: 1000, stopped: false },
        { index: 1, count: 3, durationMs: 2000, stopped: true },
        { index: 2, count: 3, durationMs: 9000, stopped: false },
      ],
    });
  });

  it('has a finding once that several shards have, with the edges of all of them', () => {
    const finding = { rule: 'a', level: 'error', message: 'odd', at: 'm.yaml:9:5' } as const;
    const other = { ...finding, at: 'm.yaml:10:5', advice: 'push it' };
    const { findings } = mergeReports(
      shardsOf(3, [
        { findings: [{ ...finding, edges: ['p.io/p/b:v1'] }] },
        { findings: [{ ...other, edges: [] }] },
        {
          findings: [
            { ...finding, edges: ['p.io/p/a:v1', 'p.io/p/c:v1'] },
            { ...other, edges: [] },
          ],
        },
      ]),
    );
    expect(findings).toEqual([
      { ...finding, edges: ['p.io/p/a:v1', 'p.io/p/b:v1', 'p.io/p/c:v1'] },
      { ...other, edges: [] },
    ]);
  });

  it('adds up what was asked of each host', () => {
    const { hosts } = mergeReports(
      shardsOf(2, [
        { hosts: { 'p.io': host({ requests: 3, interrupted: 1, identities: ['b', 'c'] }) } },
        {
          hosts: {
            'a.io': host({ throttled: 7 }),
            'p.io': host({ retries: 2, interrupted: 4, identities: ['a', 'b'] }),
          },
        },
      ]),
    );
    expect(Object.keys(hosts)).toEqual(['a.io', 'p.io']);
    expect(hosts['a.io']).toEqual(host({ throttled: 7 }));
    expect(hosts['p.io']).toMatchObject({
      edges: { present: 2, copy: 0, unreadable: 4 },
      requests: 4,
      retries: 2,
      interrupted: 5,
      throttled: 0,
      identities: ['a', 'b', 'c'],
      bytesIn: 20,
      bytesOut: 0,
    });
  });

  it('says in Markdown which shards it is of', () => {
    const shards = shardsOf(2);
    expect(shards.map(({ report }) => renderMarkdown(report).split('\n')[0])).toEqual([
      '## Image promotion (dry run), shard 0/2',
      '## Image promotion (dry run), shard 1/2',
    ]);
    expect(renderMarkdown(mergeReports(shards)).split('\n')[0]).toBe(
      '## Image promotion (dry run), 2 shards',
    );
  });

  it('is one of conflicts as well, where the manifests were only parsed', () => {
    const wanted = expandEdges([from('s.io/s').to('p.io/p').promote(IMAGES)]);
    const named = [0, 1].map((index) => {
      const shard = takeShard(wanted, { index, count: 2 });
      const { counts, hosts, items } = planConflicts(shard);
      const report = reportOf(IMAGES, { index, count: 2, mode: 'parse-only' });
      return {
        name: `${index}`,
        report: { ...report, summary: { ...report.summary, ...counts } },
        items,
        hosts,
      };
    });
    expect(mergeReports(named).summary.conflict).toBe(planConflicts(wanted).counts.conflict);
  });
});

describe('reports that are not all shards of one promotion are refused in words', () => {
  const [zero, one, two] = shardsOf(3);
  const named = (name: string, report: PromotionReport | undefined) =>
    report === undefined ? [] : [{ name, report }];
  const { shard: _, ...whole } = reportOf(IMAGES, { index: 0, count: 1 });
  const changed = (changes: Partial<PromotionReport>) =>
    named('other.json', one && { ...one.report, ...changes });

  it.each<[string, readonly (Named<PromotionReport> | undefined)[], string, RegExp]>([
    ['none', [], 'missing', /no report/],
    ['one missing', [zero, two], 'missing', /^1 of 3 shards missing: 1\/3: give the reports of all/],
    ['the last missing', [zero], 'missing', /^2 of 3 shards missing: 1\/3, 2\/3:/],
    [
      'one twice',
      [zero, one, two, ...changed({})],
      'overlap',
      /"1.json" and "other.json" are both of shard 1\/3/,
    ],
    ['a whole run', [zero, ...named('w.json', whole)], 'no-shard', /"w.json" is the report of a whole run/],
    [
      'a merged one',
      [...named('m.json', mergeReports(shardsOf(1)))],
      'no-shard',
      /"m.json" is the report of shards that are merged already/,
    ],
    [
      'another count',
      [zero, ...named('o.json', shardsOf(4)[1]?.report)],
      'different',
      /"0.json" and "o.json".*the first is one of 3 shards, the second one of 4/,
    ],
    [
      'another mode',
      [zero, ...changed({ mode: 'promotion' })],
      'different',
      /a dry run, the second a promotion/,
    ],
    [
      'other manifests',
      [zero, ...named('o.json', reportOf({ x: { [A]: ['v1'] } }, { index: 1, count: 3 }))],
      'different',
      /"0.json" and "o.json".*their manifests want different images$/,
    ],
    [
      'one that was stopped early',
      [zero, ...named('o.json', reportOf({}, { index: 1, count: 3, stopped: true }))],
      'different',
      /want different images \("o.json" was stopped, perhaps before/,
    ],
    [
      'other numbers of entries',
      [zero, ...changed({ manifests: { ...COUNTS, digests: 5 } })],
      'different',
      /different numbers of entries/,
    ],
    [
      'other malformed entries',
      [zero, ...changed({ items: [] })],
      'different',
      /different malformed entries/,
    ],
  ])('%s', (_, given, code, words) => {
    const reports = given.filter((one) => one !== undefined);
    expect(() => mergeReports(reports)).toThrow(MergeError);
    expect(() => mergeReports(reports)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(words) }),
    );
  });

  it('many that are missing are not all listed', () => {
    const report = reportOf(IMAGES, { index: 0, count: 100_000 });
    expect(() => mergeReports([{ name: '0', report }])).toThrow(/^99999 of 100000 .* 20\/100000, …: give/);
  });
});

describe('the text of a report', () => {
  const report = reportOf(IMAGES, { index: 1, count: 3 });
  const text = (value: object) => JSON.stringify(value);

  it('is read as it was written, whatever the white space, and with what a newer version adds', () => {
    expect(parseReport(Array.from(renderJson(report)).join(''))).toEqual(report);
    const merged = mergeReports(shardsOf(3));
    expect(parseReport(Array.from(renderJson(merged)).join(''))).toEqual(merged);
    expect(parseReport(text({ ...report, more: 1 }))).toEqual({ ...report, more: 1 });
  });

  it('of a version without checks has no findings, and no edge is blocked', () => {
    const { findings: _, ...old } = report;
    const { blocked: _blocked, ...summary } = report.summary;
    const hosts = { 'p.io': { ...host({}), edges: { ...host({}).edges, blocked: undefined } } };
    const read = parseReport(text({ ...old, summary, hosts }));
    expect(read).toEqual({ ...report, findings: [], hosts: { 'p.io': host({}) } });
    const shards = shardsOf(3).map((one) => (one.report.shard?.index === 1 ? { ...one, report: read } : one));
    const merged = mergeReports(shards);
    expect(merged.summary).toMatchObject({ blocked: 0 });
  });

  const [item] = report.items;
  it.each([
    ['nothing', '', /not a JSON object/],
    ['half of it', text(report).slice(0, -40), /not a JSON object/],
    ['a list', '[]', /not a JSON object/],
    ['no version', '{}', /"version" is none/],
    ['another version', text({ ...report, version: 2 }), /"version" is 2/],
    ['a mode', text({ ...report, mode: 'x' }), /"mode" is missing or malformed/],
    ['a time', text({ ...report, startedAt: 'noon' }), /"startedAt"/],
    ['a count', text({ ...report, summary: { ...report.summary, lost: -1 } }), /"summary\.lost"/],
    ['an item', text({ ...report, items: [item, { ...item, digest: 5 }] }), /"items\[1\]\.digest"/],
    ['a decision', text({ ...report, items: [{ ...item, decision: 'toString' }] }), /"items\[0\]\.decision"/],
    ['a finding', text({ ...report, findings: [{ rule: 'a' }] }), /"findings\[0\]\.level"/],
    [
      'a blocked count',
      text({ ...report, summary: { ...report.summary, blocked: '1' } }),
      /"summary\.blocked"/,
    ],
    ['a host', text({ ...report, hosts: { 'p.io': {} } }), /"hosts\.p\.io\.edges"/],
    ['a shard', text({ ...report, shard: { ...report.shard, index: 3 } }), /"shard\.index"/],
    ['an input', text({ ...report, shard: { ...report.shard, input: 'sha256:1' } }), /"shard\.input"/],
  ])('with something wrong is refused, naming it: %s', (_, given, words) => {
    expect(() => parseReport(given)).toThrow(words);
  });
});
