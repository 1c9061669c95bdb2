// Covers src/cli/commands/report-merge.ts
// Covers src/cli/commands/run/run-report-merge.ts

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sortedBy } from '../../src/base/sorted.ts';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import type { PromotionReport } from '../../src/report/report.ts';
import { image, multiArch, push } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip, runWithReport, temporaryDirectory } from '../doubles/run-cip.ts';
import { embedded, thinFiles } from './staging.ts';

const ABSENT = `sha256:${'a'.repeat(64)}`;
const COUNT = 3;

/** A thin directory that wants all kinds of things at two hosts, and registries of its own for each world. */
async function world() {
  const staging = await embedded({ listing: 'google' });
  const production = await embedded();
  const eu = await embedded({ listing: 'google' });
  const names = Array.from({ length: 8 }, (_, index) => `app-${index}`);
  const digests = names.map((name) => push(staging, `staging/${name}`, image({ seed: name })));
  const many = push(staging, 'staging/group/many', multiArch('many', { platforms: 2 }));
  push(production, 'prod/app-0', image({ seed: 'another' }), 'v1'); // a tag that would have to move
  const to = [`${production.host}/prod`, `${eu.host}/deep/er`];
  const from = `${staging.host}/staging`;
  const files = thinFiles({
    a: {
      from,
      to,
      images: Object.fromEntries(
        names.map((name, index) => [name, { [digests[index] ?? '']: ['v1', 'latest'] }]),
      ),
    },
    b: {
      from,
      to,
      images: {
        'group/many': { [many]: ['v1', 'v2', '1.10'] },
        lost: { [ABSENT]: ['v1'] },
        torn: { [many]: ['v1'], [ABSENT]: ['v1'] },
      },
    },
    broken: { from, to, images: { bad: { 'sha256:short': ['v1'] } } },
  });
  return {
    flag: `-thin-manifest-dir=${await testdir(files)}`,
    production,
    eu,
    hosts: [staging, production, eu],
  };
}

function stateOf({ store }: EmbeddedRegistry) {
  return store
    .repositories()
    .map((name) => [name, store.tags(name).map((tag) => [tag, store.resolveTag(name, tag)])]);
}

/** Without what differs from run to run: times, traffic, and the ports of the registries, which order the items. */
function essenceOf(report: PromotionReport, registries: readonly EmbeddedRegistry[]) {
  const { shards: _shards, startedAt: _at, durationMs: _ms, ...rest } = report;
  const edges = Object.fromEntries(Object.entries(report.hosts).map(([host, { edges }]) => [host, edges]));
  const renamed: typeof rest = JSON.parse(
    registries.reduce(
      (text, { host }, index) => text.replaceAll(host, `host-${index}`),
      JSON.stringify({ ...rest, hosts: edges }),
    ),
  );
  return { ...renamed, items: sortedBy(renamed.items, (item) => JSON.stringify(item)) };
}

describe('a promotion by three shards in three processes', () => {
  it('ends where one run ends, and their merged report is its report', { timeout: 60_000 }, async () => {
    const single = await world();
    const whole = await runWithReport([single.flag, '-confirm']);
    const divided = await world();
    const reports = Array.from({ length: COUNT }, () => join(temporaryDirectory(), 'report.json'));
    const runs = await Promise.all(
      reports.map((report, index) =>
        runCip([divided.flag, '-confirm', `-report=${report}`], {
          env: { CLOUD_RUN_TASK_INDEX: String(index), CLOUD_RUN_TASK_COUNT: String(COUNT) },
        }),
      ),
    );
    expect(runs.map(({ status }) => status)).toEqual([1, 1, 1]); // each has seen the malformed entry
    expect(runs[1]?.stderr).toMatch(/^Plan: .* \(shard 1\/3\)$/m);
    const edges = runs.map(({ report }) => report?.summary.edges ?? 0);
    expect(edges.reduce((sum, some) => sum + some)).toBe(whole.report.summary.edges);

    const merged = await runWithReport(['report', 'merge', ...reports.toReversed()]);
    expect(merged.status).toBe(whole.status);
    expect(merged.stderr).toContain('all edges');
    expect(essenceOf(merged.report, divided.hosts)).toEqual(essenceOf(whole.report, single.hosts));
    expect(merged.report.shards?.map(({ index, count }) => [index, count])).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
    ]);
    expect(stateOf(divided.production)).toEqual(stateOf(single.production));
    expect(stateOf(divided.eu)).toEqual(stateOf(single.eu));
  });
});

describe('a verification by two shards', () => {
  it('finds what one run finds, and their merged report is its report', async () => {
    const { flag, hosts } = await world();
    await runCip([flag, '-confirm']);
    const whole = await runWithReport(['verify', flag, '-deep']);
    const files = await verifiedShards(flag, '-deep');
    const markdown = join(temporaryDirectory(), 'report.md');
    const merged = await runWithReport(['report', 'merge', ...files, `-report-markdown=${markdown}`]);
    expect([whole.status, merged.status]).toEqual([1, 1]);
    expect(essenceOf(merged.report, hosts)).toEqual(essenceOf(whole.report, hosts));
    expect(readFileSync(markdown, 'utf8')).toMatch(/^## Image verification, 2 shards\n/);
    expect(merged.stderr).toMatch(/^ERROR +missing lost:v1 \S+ → \S+, \S+: there is no such tag /m);
    expect(merged.stderr).toContain('all edges');
  });

  it('is not merged with a promotion, and has nothing that may be lost', async () => {
    const { flag, files } = await parsedShards(2);
    const verified = await verifiedShards(flag);
    const mixed = await runCip(['report', 'merge', files[0] ?? '', verified[1] ?? '']);
    expect(mixed).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(
        /are not shards of one run: the first is a run with -parse-only, the second a verification/,
      ),
    });
    const allowed = await runCip(['report', 'merge', ...verified, '-allow-lost']);
    expect(allowed).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('-allow-lost is not allowed with reports of cip verify'),
    });
  });
});

/** The files of the reports of both shards of a verification. */
async function verifiedShards(...flags: readonly string[]) {
  const files = [0, 1].map(() => join(temporaryDirectory(), 'report.json'));
  const runs = await Promise.all(
    files.map((file, index) => runCip(['verify', ...flags, `-shard=${index}/2`, `-report=${file}`])),
  );
  expect(runs[1]?.stderr).toMatch(/^Verify: .* \(shard 1\/2\)$/m);
  return files;
}

/** The files of the reports of all shards of a directory of manifests that are only parsed. */
async function parsedShards(count: number) {
  const wanted = { from: 's.example.com/s', to: ['p.example.com/p'], images: { app: { [ABSENT]: ['v1'] } } };
  const flag = `-thin-manifest-dir=${await testdir(thinFiles({ a: wanted }))}`;
  const files = Array.from({ length: count }, () => join(temporaryDirectory(), 'report.json'));
  await Promise.all(
    files.map((file, index) => runCip([flag, '-parse-only', `-shard=${index}/${count}`, `-report=${file}`])),
  );
  return { flag, files };
}

describe('cip report merge', () => {
  it('writes JSON to stdout and Markdown to a file, and tells the tables', async () => {
    const { files } = await parsedShards(2);
    const markdown = join(temporaryDirectory(), 'report.md');
    const { status, report, stderr } = await runCip([
      'report',
      'merge',
      ...files,
      '-report=-',
      `-report-markdown=${markdown}`,
    ]);
    expect({ status, edges: report?.summary.edges }).toEqual({ status: 0, edges: 1 });
    expect(readFileSync(markdown, 'utf8')).toMatch(/^## Promoter manifests, 2 shards\n/);
    expect(stderr).toContain('all edges');
  });

  it('logs nothing but JSON where that is asked for, refusals too', async () => {
    const { files } = await parsedShards(2);
    const good = await runCip(['report', 'merge', ...files, '-log-format=json']);
    const bad = await runCip(['report', 'merge', ...files.slice(1), '-log-format=json']);
    expect([good.status, bad.status]).toEqual([0, 2]);
    for (const line of `${good.stderr}${bad.stderr}`.trim().split('\n')) JSON.parse(line);
    expect(bad.stderr).toContain('1 of 2 shards missing: 0/2');
  });

  it('ends as its shards should have: with 1 where one was stopped or lost something, unless that is allowed', async () => {
    const { files } = await parsedShards(2);
    const [first = ''] = files;
    const change = (changes: (report: PromotionReport) => Partial<PromotionReport>) => {
      const report: PromotionReport = JSON.parse(readFileSync(first, 'utf8'));
      writeFileSync(first, JSON.stringify({ ...report, ...changes(report) }));
    };
    const statusOf = async (...flags: string[]) =>
      (await runCip(['report', 'merge', ...files, ...flags])).status;
    change(({ summary }) => ({ summary: { ...summary, lost: 1 } }));
    expect([await statusOf(), await statusOf('-allow-lost')]).toEqual([1, 0]);
    change(() => ({ stopped: true }));
    expect(await statusOf('-allow-lost')).toBe(1);
  });

  it.each<[string, (files: readonly string[]) => readonly string[], RegExp]>([
    ['no report', () => [], /no report given/],
    [
      'a missing file',
      (files) => [...files, 'nope.json'],
      /cannot use the report "nope.json": .*no such file/,
    ],
    ['what is no report', () => ['/dev/null'], /"\/dev\/null": it is not a JSON object/],
    ['a shard given twice', ([a = '', b = '']) => [a, b, a], /are both of shard 0\/2/],
    ['writing over a report', ([a = '', b = '']) => [a, b, `-report=${b}`], /one of the input files/],
    ['a flag of the promotion', (files) => [...files, '-confirm'], /does not take -confirm/],
  ])('refuses %s', async (_, args, words) => {
    const { files } = await parsedShards(2);
    const { status, stdout, stderr } = await runCip(['report', 'merge', ...args(files)]);
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(words),
    });
  });

  it('has a help of its own', async () => {
    const { status, stdout } = await runCip(['report', 'merge', '-help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^cip report merge merges the reports .*\n[\s\S]*-report-markdown FILE/);
    expect(stdout).not.toContain('-confirm');
  });
});

describe('a shard', () => {
  it('is refused where the environment says half of it', async () => {
    const { flag } = await parsedShards(1);
    const { status, stderr } = await runCip([flag], { env: { JOB_COMPLETION_INDEX: '0' } });
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining('give -shard-count=N') });
  });
});
