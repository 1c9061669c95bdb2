import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/cli/usage-error.ts';
import { checkReportTargets, writeReports } from '../../src/cli/write-report.ts';
import { makeReport } from '../../src/report/make-report.ts';
import { noEdges } from '../../src/plan/plan.ts';
import { testdir } from '../builders/testdir.ts';

const EMPTY = makeReport({
  mode: 'dry-run',
  startedAt: 0,
  finishedAt: 1,
  stopped: false,
  edges: 0,
  manifests: { projects: 1, images: 0, digests: 0 },
  plan: { version: 1, items: [], counts: noEdges(), hosts: new Map(), newRepositories: new Set() },
  readings: new Map(),
  outcomes: new Map(),
  problems: [],
  traffic: new Map(),
});

function stdio() {
  return { out: new PassThrough(), err: new PassThrough() };
}

const INPUTS = ['manifest.yaml'];

describe('a place for a report', () => {
  it('is not what is read', async () => {
    const top = await testdir({ 'm.yaml': '' });
    const check = checkReportTargets({ report: `${top}/./m.yaml`, reportMarkdown: undefined }, [
      `${top}/m.yaml`,
    ]);
    await expect(check).rejects.toThrow('it is one of the files to read');
  });

  it.each(['r.json', 'file', 'directory/r.json'])('is fine: %s', async (target) => {
    const top = await testdir({ file: '', 'directory/': '' });
    await checkReportTargets({ report: `${top}/${target}`, reportMarkdown: undefined }, INPUTS);
    await checkReportTargets({ report: '-', reportMarkdown: `${top}/${target}` }, INPUTS);
  });

  it.each(['nowhere/r.json', 'file/r.json', 'directory', 'directory/'])(
    'is refused before anything is done: %s',
    async (target) => {
      const top = await testdir({ file: '', 'directory/': '' });
      const path = `${top}/${target}`;
      const checks = [
        checkReportTargets({ report: path, reportMarkdown: undefined }, INPUTS),
        checkReportTargets({ report: undefined, reportMarkdown: path }, INPUTS),
      ];
      for (const result of await Promise.allSettled(checks)) {
        expect(result).toMatchObject({ status: 'rejected', reason: expect.any(UsageError) });
      }
    },
  );
});

describe('a report', () => {
  it('is written as a whole in place of an older one, and leaves no draft', async () => {
    const top = await testdir({ 'r.json': 'x'.repeat(10_000) });
    await writeReports(EMPTY, { report: `${top}/r.json`, reportMarkdown: `${top}/r.md` }, stdio());
    expect(JSON.parse(await readFile(`${top}/r.json`, 'utf8'))).toEqual(EMPTY);
    expect(await readFile(`${top}/r.md`, 'utf8')).toContain('| decision |');
    expect((await readdir(top)).toSorted()).toEqual(['r.json', 'r.md']);
  });

  it('for - goes to stdout', async () => {
    const streams = stdio();
    await writeReports(EMPTY, { report: '-', reportMarkdown: undefined }, streams);
    streams.out.end();
    expect(JSON.parse(await text(streams.out))).toEqual(EMPTY);
  });

  it('may go to a pipe, which stays one', async () => {
    const top = await testdir({});
    const pipe = `${top}/pipe`;
    await promisify(execFile)('mkfifo', [pipe]);
    const [received] = await Promise.all([
      readFile(pipe, 'utf8'),
      writeReports(EMPTY, { report: pipe, reportMarkdown: undefined }, stdio()),
    ]);
    expect(JSON.parse(received)).toEqual(EMPTY);
    expect(await readdir(top)).toEqual(['pipe']);
  });
});
