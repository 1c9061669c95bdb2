import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { image, push } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip, temporaryDirectory } from '../doubles/run-cip.ts';
import { repositoryRoot } from '../doubles/tools.ts';
import { embedded, manifestFlag, thinFiles } from './staging.ts';

/** Of registries that nobody asks. */
const OFFLINE = {
  from: 'gcr.example.com/staging',
  to: ['eu.example.com/prod'],
  images: { app: { [`sha256:${'a'.repeat(64)}`]: ['v1'] } },
};

const isRoot = process.getuid?.() === 0;
const NOBODY = 12_345;

/** Runs the program with a redirection that only a shell makes; resolves to its exit code. */
function runInShell(redirection: string, args: readonly string[], cwd: string): Promise<number | null> {
  const cip = join(repositoryRoot(), 'bin/cip.js');
  const words = ['-c', `"$0" "$@" ${redirection}`, process.execPath, cip, ...args];
  return new Promise((done) => {
    spawn('bash', words, { cwd, stdio: ['ignore', 'ignore', 'ignore'] }).once('close', done);
  });
}

describe('-report', () => {
  it('to a link to stdout goes to the file that stdout is, behind what stands there', async () => {
    const top = await testdir({ 'so.txt': 'before\n', mystdout: { link: '/proc/self/fd/1' } });
    const flag = await manifestFlag(OFFLINE);
    expect(await runInShell('>>so.txt', [flag, '-parse-only', '-report=mystdout'], top)).toBe(0);
    const written = await readFile(join(top, 'so.txt'), 'utf8');
    expect(written).toMatch(/^before\n\{/);
    expect(JSON.parse(written.slice('before\n'.length))).toMatchObject({ mode: 'parse-only' });
    expect((await lstat(join(top, 'mystdout'))).isSymbolicLink()).toBe(true);
  });

  it('over a list of images that is read is exit 2, and the list is as it was', async () => {
    const top = await testdir(thinFiles({ a: OFFLINE }));
    const list = join(top, 'images/a/images.yaml');
    const before = await readFile(list, 'utf8');
    const run = await runCip([`-thin-manifest-dir=${top}`, '-parse-only', '-report', list]);
    expect(run).toMatchObject({ status: 2, stderr: expect.stringContaining('one of the input files') });
    expect(await readFile(list, 'utf8')).toBe(before);
  });

  it.each(['-key-files', '-ca-file'])(
    'over the file of %s is exit 2, and the file is as it was',
    async (flag) => {
      const top = await testdir({ file: 'precious' });
      const args = [await manifestFlag(OFFLINE), '-parse-only', `${flag}=file`, '-report', './file'];
      const run = await runCip(args, { cwd: top });
      expect(run).toMatchObject({ status: 2, stderr: expect.stringContaining('one of the input files') });
      expect(await readFile(join(top, 'file'), 'utf8')).toBe('precious');
    },
  );

  it('of an earlier run is gone when a run has none of its own', async () => {
    const cwd = temporaryDirectory();
    const flag = await manifestFlag(OFFLINE);
    const first = await runCip([flag, '-parse-only', '-report=r.json', '-report-markdown=r.md'], { cwd });
    expect(first.report).toBeDefined();
    const args = ['-manifest=missing.yaml', '-report=r.json', '-report-markdown=r.md'];
    expect(await runCip(args, { cwd })).toMatchObject({ status: 2, report: undefined });
    expect(existsSync(join(cwd, 'r.md'))).toBe(false);
  });

  it.runIf(isRoot)('fills a file anew that stands where no other can take its place', async () => {
    const cwd = temporaryDirectory();
    const manifest = await manifestFlag(OFFLINE);
    const where = manifest.slice('-manifest='.length);
    writeFileSync(join(cwd, 'manifest.yaml'), readFileSync(where));
    writeFileSync(join(cwd, 'r.json'), 'x'.repeat(50_000));
    chmodSync(join(cwd, 'r.json'), 0o666);
    chmodSync(cwd, 0o755);
    const args = ['-manifest=manifest.yaml', '-parse-only', '-report=r.json'];
    const run = await runCip(args, { cwd, uid: NOBODY });
    expect(run).toMatchObject({ status: 0, report: { mode: 'parse-only' } });
  });
});

describe('what cannot be told to people', () => {
  it.each([[[]], [['-log-format=json']]])(
    'changes neither the report nor the exit code of a promotion: %j',
    async (more) => {
      const registry = await embedded();
      const digest = push(registry, 'staging/app', image({ seed: 'one' }), 'v1');
      const wanted = {
        from: `${registry.host}/staging`,
        to: [`${registry.host}/prod`],
        images: { app: { [digest]: ['v1'] } },
      };
      const cwd = temporaryDirectory();
      const args = [await manifestFlag(wanted), '-confirm', '-report=r.json', ...more];
      expect(await runInShell('2>/dev/full', args, cwd)).toBe(0);
      expect(JSON.parse(await readFile(join(cwd, 'r.json'), 'utf8'))).toMatchObject({
        summary: { copied: 1 },
      });
    },
  );
});

it('a stdout that is full is named', async () => {
  const flag = await manifestFlag(OFFLINE);
  const cwd = temporaryDirectory();
  expect(await runInShell('>/dev/full 2>err', [flag, '-parse-only', '-report=-'], cwd)).toBe(1);
  expect(await readFile(join(cwd, 'err'), 'utf8')).toMatch(/cannot write the report to stdout: ENOSPC/);
  const snapshot = [flag, '-manifest-based-snapshot-of=eu.example.com/prod'];
  expect(await runInShell('>/dev/full 2>err', snapshot, cwd)).toBe(1);
  expect(await readFile(join(cwd, 'err'), 'utf8')).toMatch(/cannot write to stdout: ENOSPC/);
});

it.runIf(isRoot).each(['', 'images', 'images/a', 'manifests'])(
  'a directory that may not be read is not said to be missing: %j',
  async (closed) => {
    const top = await testdir(thinFiles({ a: OFFLINE }));
    chmodSync(top, 0o755);
    chmodSync(join(top, closed), 0o311);
    const run = await runCip([`-thin-manifest-dir=${top}`, '-parse-only'], { cwd: '/', uid: NOBODY });
    chmodSync(join(top, closed), 0o755);
    expect(run).toMatchObject({ status: 2, stderr: expect.stringContaining('permission denied') });
    expect(run.stderr).not.toMatch(/does not exist|no such file|create it/);
  },
);

it('the words of a refusal that nobody can read change its exit code not', async () => {
  expect(await runInShell('2>/dev/full', ['-no-such-flag'], temporaryDirectory())).toBe(2);
});
