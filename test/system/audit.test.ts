// Covers src/cli/audit/allow-list-file.ts
// Covers src/cli/audit/audit-format.ts
// Covers src/cli/audit/read-snapshots.ts
// Covers src/cli/commands/audit.ts
// Covers src/cli/commands/run/run-audit.ts

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { image, multiArch, push } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip } from '../doubles/run-cip.ts';
import { embedded, thinFiles, writesOf } from './staging.ts';

const A = image({ seed: 'a' });
const B = image({ seed: 'b' });
const MULTI = multiArch('multi');

/** Two regions as the manifests want them, and the directory of the manifests. */
async function production() {
  const regions = [await embedded({ listing: 'google' }), await embedded({ listing: 'google' })] as const;
  for (const region of regions) {
    push(region, 'prod/app', A, 'v1');
    push(region, 'prod/app', MULTI, 'v2');
  }
  const from = `${regions[0].host}/staging`;
  const to = regions.map(({ host }) => `${host}/prod`);
  const images = { app: { [A.manifest.digest]: ['v1'], [MULTI.manifest.digest]: ['v2'] } };
  const directory = await testdir(thinFiles({ project: { from, to, images } }));
  const audit = (...flags: readonly string[]) =>
    runCip(['audit', `-thin-manifest-dir=${directory}`, ...flags]);
  return { regions, directory, audit, allowList: join(directory, 'audit-allow.yaml') };
}

describe('cip audit', () => {
  it('exits 0 where production is as the manifests say, and writes nothing', async () => {
    const { regions, audit } = await production();
    const { status, stdout, stderr } = await audit();
    expect(status, stderr).toBe(0);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^Audit: 2 images at 2 destinations\n/);
    expect(stderr).toMatch(/\nAudited 2 images at 2 destinations: 4 present \(exit 0\)\n$/);
    expect(regions.flatMap(writesOf)).toEqual([]);
  });

  it('exits 1 with findings, in every form of the report', async () => {
    const { regions, directory, audit } = await production();
    for (const region of regions) push(region, 'prod/app', B, 'extra');
    push(regions[0], 'prod/stray', B, 'v1');
    const [json, markdown, page] = ['r.json', 'r.md', 'r.html'].map((name) => join(directory, name));
    const run = await audit(`-report=${json}`, `-report-markdown=${markdown}`, `-report-html=${page}`);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('ERROR   unknown-tag prod/app:extra');
    expect(run.stderr).toContain(`ERROR   unknown-repository ${regions[0].host}/prod/stray: `);
    const report: unknown = JSON.parse(await readFile(json ?? '', 'utf8'));
    expect(report).toMatchObject({ mode: 'audit', summary: { 'unknown-tag': 2, 'unknown-repository': 1 } });
    expect(await readFile(markdown ?? '', 'utf8')).toContain('**unknown-tag** prod/app:extra');
    expect(await readFile(page ?? '', 'utf8')).toContain('unknown-repository');
    expect((await audit('-output=json')).stdout).toContain('"mode": "audit"');
    expect((await audit('-output=markdown')).stdout).toMatch(/^## Audit of production\n/);
    expect((await audit('-output=html')).stdout).toMatch(/^<!doctype html>/);
    const sarif: unknown = JSON.parse((await audit('-output=sarif')).stdout);
    const ruleIds = ['unknown-tag', 'unknown-repository'].map((ruleId) =>
      expect.objectContaining({ ruleId }),
    );
    expect(sarif).toMatchObject({ runs: [{ results: ruleIds }] });
  });

  it('exits 1 where a registry does not answer', async () => {
    const { regions, audit } = await production();
    await regions[1].close();
    const { status, stderr } = await audit('-deadline=1s');
    expect(status).toBe(1);
    expect(stderr).toContain(regions[1].host);
  });

  it('writes an allow-list that the next run reads, keeps the text of one, and adds nothing twice', async () => {
    const { regions, audit, allowList } = await production();
    push(regions[0], 'prod/app', B, 'extra');
    expect((await audit('-write-allow-list')).status).toBe(1);
    const first = await readFile(allowList, 'utf8');
    expect(first).toContain(
      `- repository: "${regions[0].host}/prod/app"\n  tag: "extra"\n  reason: "TODO"\n`,
    );
    const clean = await audit('-write-allow-list');
    expect(clean.status, clean.stderr).toBe(0);
    expect(await readFile(allowList, 'utf8')).toBe(first);
    const edited = `# ours\n${first.replace('TODO', 'history')}`;
    await writeFile(allowList, edited);
    push(regions[1], 'prod/app', B);
    expect((await audit('-write-allow-list')).status).toBe(1);
    const text = await readFile(allowList, 'utf8');
    expect(text.startsWith(edited)).toBe(true);
    expect(text).toContain(`digest: "${B.manifest.digest}"`);
    expect((await audit()).status).toBe(0);
  });

  it('still reports where the allow-list cannot be written', async () => {
    const { regions, directory, audit } = await production();
    push(regions[0], 'prod/app', B, 'extra');
    const report = join(directory, 'r.json');
    const run = await audit('-write-allow-list', `-allow-list=${directory}/images`, `-report=${report}`);
    expect(run.status).toBe(2);
    const none = await audit('-write-allow-list', '-allow-list=/proc/allow.yaml', `-report=${report}`);
    expect(none.status).toBe(2);
    expect(none.stderr).toContain('cannot write the allow-list /proc/allow.yaml: ');
    expect(await readFile(report, 'utf8')).toContain('"unknown-tag": 1');
  });

  it('reports unused entries', async () => {
    const { audit, allowList } = await production();
    await writeFile(allowList, '- {repository: a.io/gone, reason: history}\n');
    const { status, stderr } = await audit();
    expect(status).toBe(1);
    expect(stderr).toContain(
      'audit-allow.yaml:1:3: nothing in production needs the entry a.io/gone: remove it',
    );
  });

  it('refuses a report in the place of the allow-list, which need not be there yet', async () => {
    const { audit, allowList } = await production();
    const { status, stderr } = await audit(`-report=${allowList}`);
    expect(status).toBe(2);
    expect(stderr).toContain('it is one of the input files');
    await expect(readFile(allowList)).rejects.toThrow('ENOENT');
  });

  it.each([
    ['- {repository: a.io/b, reason: x, tags: v1}', /audit-allow\.yaml:1:35: error: unknown field "tags"/],
    ['- {repository: a.io/b', /audit-allow\.yaml:\d+:\d+: error: not valid YAML/],
  ])('exits 2 for the allow-list %j, with the place', async (text, message) => {
    const { regions, audit, allowList } = await production();
    await writeFile(allowList, text);
    const { status, stderr } = await audit();
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(regions.flatMap(({ requests }) => requests)).toEqual([]);
  });

  it('does not add to a list that is not written in lines', async () => {
    const { regions, audit, allowList } = await production();
    push(regions[0], 'prod/app', B, 'extra');
    const text = '[{repository: a.io/b, reason: x}]\n';
    await writeFile(allowList, text);
    const { status, stderr } = await audit('-write-allow-list');
    expect(status).toBe(2);
    expect(stderr).toContain('write its entries as lines that begin with "- "');
    expect(await readFile(allowList, 'utf8')).toBe(text);
  });

  it('compares with the snapshot of a destination, which has to be named where there are several', async () => {
    const { regions, directory, audit } = await production();
    const snapshot = join(directory, 'before.yaml');
    await writeFile(snapshot, (await runCip([`-snapshot=${regions[1].host}/prod`])).stdout);
    push(regions[1], 'prod/app', B, 'v1', 'extra');
    regions[1].store.deleteTag('prod/app', 'v2');
    const { status, stderr } = await audit(`-since=${snapshot}@${regions[1].host}/prod`);
    expect(status).toBe(1);
    const lines = stderr.split('\n').filter((line) => /^(?:added|moved|deleted) /.test(line));
    expect(lines.map((line) => line.replace(/ sha256.*/, ''))).toEqual([
      `added ${regions[1].host}/prod/app:extra`,
      `moved ${regions[1].host}/prod/app:v1`,
      `deleted ${regions[1].host}/prod/app:v2`,
    ]);
    const twice = await audit(...regions.map(() => `-since=${snapshot}@${regions[1].host}/prod`));
    expect(twice.status).toBe(2);
    expect(twice.stderr).toContain(`-since names ${regions[1].host}/prod twice`);
    const missing = await audit(`-since=/missing.yaml@${regions[1].host}/prod`);
    expect(missing.status).toBe(2);
    expect(missing.stderr).toContain('reading snapshot "/missing.yaml": no such file');
    const stranger = await audit(`-since=${snapshot}@${regions[1].host}/prdo`);
    expect(stranger.status).toBe(2);
    expect(stranger.stderr).toContain(`${regions[1].host}/prdo is not audited; the destinations are `);
    const unnamed = await audit(`-since=${snapshot}`);
    expect(unnamed.status).toBe(2);
    expect(unnamed.stderr).toContain('does not name the registry of the snapshot: give -since=');
  });

  it.each([
    [['-confirm'], 'cip audit is read-only; -confirm is not allowed'],
    [
      ['-manifest-diff-base=main'],
      'cip audit compares production with all manifests; -manifest-diff-base is not allowed',
    ],
    [['-allow-list=/missing.yaml'], 'reading allow-list "/missing.yaml": no such file'],
    [['-output=yml'], 'invalid output format "yml": expected text, json, markdown, html, sarif'],
    [['-output=html', '-report=-'], '-output=html and another report cannot both go to stdout'],
  ])('exits 2 with %j', async (flags, message) => {
    const { audit } = await production();
    const { status, stderr } = await audit(...flags);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });

  it('has shards, whose reports are merged', async () => {
    const { regions, directory, audit } = await production();
    for (const region of regions) push(region, 'prod/app', B, 'extra');
    const files = [0, 1].map((shard) => join(directory, `${shard}.json`));
    await Promise.all(files.map((file, shard) => audit(`-shard=${shard}/2`, `-report=${file}`)));
    const { status, stderr } = await runCip(['report', 'merge', ...files]);
    expect(status).toBe(1);
    expect(stderr).toContain('4 present, 2 unknown by tag (2 shards merged) (exit 1)');
  });
});
