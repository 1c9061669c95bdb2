// Covers src/cli/output/report-inputs.ts

import { execFile } from 'node:child_process';
import { chmod, link, open, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secrets } from '../../../src/base/secrets.ts';
import { UsageError } from '../../../src/cli/flags/usage-error.ts';
import type { ReportInputs } from '../../../src/cli/output/report-inputs.ts';
import { prepareReports, writeReports } from '../../../src/cli/output/write-report.ts';
import { noEdges } from '../../../src/plan/plan.ts';
import { makeReport } from '../../../src/report/make-report.ts';
import { kept } from '../../builders/kept.ts';
import { testdir } from '../../builders/testdir.ts';

const EMPTY = kept(
  makeReport({
    mode: 'dry-run',
    startedAt: 0,
    durationMs: 1,
    stopped: false,
    edges: 0,
    manifests: { projects: 1, images: 0, digests: 0 },
    plan: { items: [], counts: noEdges(), hosts: {}, newRepositories: [] },
    readings: new Map(),
    outcomes: new Map(),
    problems: [],
    traffic: new Map(),
  }),
);

function stdio() {
  return { out: new PassThrough(), err: new PassThrough(), secrets: new Secrets() };
}

const NOTHING = { files: [] };

/** Finds the place of a report and writes one there, as a run does at its beginning and at its end. */
async function writeAt(report: string, reportMarkdown?: string, streams = stdio()) {
  const places = await prepareReports({ report, reportMarkdown }, NOTHING);
  await writeReports(EMPTY, places, { stdio: streams });
}

describe('a place for a report', () => {
  const prepare = (report: string, inputs: ReportInputs) =>
    prepareReports({ report, reportMarkdown: undefined }, inputs);

  it.each(['./m.yaml', 'link', 'hard', 'directory/../m.yaml'])(
    'is not what is read: %s is m.yaml',
    async (target) => {
      const top = await testdir({ 'm.yaml': '', 'directory/': '', link: { link: 'm.yaml' } });
      await link(`${top}/m.yaml`, `${top}/hard`);
      const check = prepare(`${top}/${target}`, { files: [`${top}/m.yaml`] });
      await expect(check).rejects.toThrow('it is one of the input files');
    },
  );

  it.each([
    'thin/images/a/images.yaml',
    'thin/manifests/a/promoter-manifest.yaml',
    'thin/images/a/OWNERS',
    'link/images/a/images.yaml',
    'thin/lists/b.yaml',
  ])('is not in a directory that is read: %s', async (target) => {
    const top = await testdir({
      'thin/manifests/a/promoter-manifest.yaml': '',
      'thin/images/a/images.yaml': '',
      'thin/images/a/OWNERS': '',
      'thin/lists/b.yaml': '',
      link: { link: 'thin' },
    });
    const check = prepare(`${top}/${target}`, { files: [], directory: `${top}/thin/` });
    await expect(check).rejects.toThrow('it is one of the input files');
  });

  it('may be beside an input file', async () => {
    const top = await testdir({ 'manifests/a/promoter-manifest.yaml': '', 'r.json': 'old', 'images/': '' });
    await prepare(`${top}/r.json`, { files: [], directory: top });
    await prepare(`${top}/images/r.json`, { files: [], directory: top });
  });

  it.each(['r.json', 'file', 'directory/r.json'])('is fine: %s', async (target) => {
    const top = await testdir({ file: '', 'directory/': '' });
    await prepareReports({ report: `${top}/${target}`, reportMarkdown: undefined }, NOTHING);
    await prepareReports({ report: '-', reportMarkdown: `${top}/${target}` }, NOTHING);
  });

  it.each(['nowhere/r.json', 'file/r.json', 'directory', 'directory/', 'new/', 'circle'])(
    'is refused before anything is done: %s',
    async (target) => {
      const top = await testdir({ file: '', 'directory/': '', circle: { link: 'circle' } });
      const path = `${top}/${target}`;
      const checks = [
        prepareReports({ report: path, reportMarkdown: undefined }, NOTHING),
        prepareReports({ report: undefined, reportMarkdown: path }, NOTHING),
      ];
      for (const result of await Promise.allSettled(checks)) {
        expect(result).toMatchObject({ status: 'rejected', reason: expect.any(UsageError) });
      }
    },
  );

  it.each([
    ['r', './r'],
    ['r', 'directory/../r'],
    ['file', 'link'],
    ['r', 'dangling'],
  ])('is not the same for both forms: %s and %s', async (report, markdown) => {
    const top = await testdir({
      file: '',
      'directory/': '',
      link: { link: 'file' },
      dangling: { link: 'r' },
    });
    const both = { report: `${top}/${report}`, reportMarkdown: `${top}/${markdown}` };
    await expect(prepareReports(both, NOTHING)).rejects.toThrow('cannot both go to one place');
  });

  it('loses the report of an earlier run at once, and nothing else', async () => {
    const top = await testdir({ 'other.json': '{"version": 1, "name": "theirs"}', 'other.md': '## Notes' });
    await writeAt(`${top}/r.json`, `${top}/r.md`);
    await prepareReports({ report: `${top}/r.json`, reportMarkdown: `${top}/r.md` }, NOTHING);
    await prepareReports({ report: `${top}/other.json`, reportMarkdown: `${top}/other.md` }, NOTHING);
    expect((await readdir(top)).toSorted()).toEqual(['other.json', 'other.md']);
  });
});

describe('a report', () => {
  it('is written as a whole in place of an older one, and leaves no draft', async () => {
    const top = await testdir({ 'r.json': 'x'.repeat(10_000) });
    await writeAt(`${top}/r.json`, `${top}/r.md`);
    expect(JSON.parse(await readFile(`${top}/r.json`, 'utf8'))).toEqual(EMPTY);
    expect(await readFile(`${top}/r.md`, 'utf8')).toContain('**Would promote 0 images');
    expect((await readdir(top)).toSorted()).toEqual(['r.json', 'r.md']);
  });

  it.each(['not a report', '{"version": 1, "mode": "dry-run"}'])(
    'keeps the mode of the file that it replaces: %s',
    async (old) => {
      const top = await testdir({ 'r.json': old });
      await chmod(`${top}/r.json`, 0o640);
      await writeAt(`${top}/r.json`);
      expect(JSON.parse(await readFile(`${top}/r.json`, 'utf8'))).toEqual(EMPTY);
      expect((await stat(`${top}/r.json`)).mode & 0o777).toBe(0o640);
    },
  );

  it.each(['old', 'new'])('goes to where a link leads, which stays one: %s', async (name) => {
    const top = await testdir({ 'd/old': 'x', link: { link: `d/${name}` } });
    await writeAt(`${top}/link`);
    expect(await readlink(`${top}/link`)).toBe(`d/${name}`);
    expect(JSON.parse(await readFile(`${top}/d/${name}`, 'utf8'))).toEqual(EMPTY);
  });

  it.each(['-', 'link'])('for %s goes to stdout', async (target) => {
    // never the device by its name: a program that replaces it would do so for the whole machine
    const top = await testdir({ link: { link: '/proc/self/fd/1' } });
    const streams = stdio();
    await writeAt(target === 'link' ? `${top}/link` : target, undefined, streams);
    streams.out.end();
    expect(JSON.parse(await text(streams.out))).toEqual(EMPTY);
  });

  it('for another open file goes on where that is', async () => {
    const top = await testdir({ file: '' });
    const file = await open(`${top}/file`, 'w');
    await file.write('before\n');
    await writeAt(`/dev/fd/${file.fd}`);
    await file.close();
    const written = await readFile(`${top}/file`, 'utf8');
    expect(written.startsWith('before\n{')).toBe(true);
    expect(JSON.parse(written.slice('before\n'.length))).toEqual(EMPTY);
  });

  it('may go to a pipe, which stays one', async () => {
    const top = await testdir({});
    const pipe = `${top}/pipe`;
    await promisify(execFile)('mkfifo', [pipe]);
    const [received] = await Promise.all([readFile(pipe, 'utf8'), writeAt(pipe)]);
    expect(JSON.parse(received)).toEqual(EMPTY);
    expect(await readdir(top)).toEqual(['pipe']);
  });
});
