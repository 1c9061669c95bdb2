import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startNode, temporaryDirectory } from '../doubles/run-cip.ts';
import { repositoryRoot } from '../doubles/tools.ts';

const QUICKSTART = join(repositoryRoot(), 'dist', 'quickstart.js');

describe('the quickstart', () => {
  it('ends by itself and shows a dry run, a promotion, and a run with nothing to do', async () => {
    const { status, stdout, stderr } = await startNode([QUICKSTART]).ended;
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('1. A dry run');
    expect(stdout).toContain('2. The promotion');
    expect(stdout).toContain('3. The same again');
    expect(stdout).toMatch(/npx cip -thin-manifest-dir=DIR -confirm/);
    const edges = 12; // five artifacts under six references, at two destinations
    expect(countsIn(stderr)).toEqual([
      { copy: edges, 'all edges': edges },
      { copy: edges, copied: edges, 'all edges': edges },
      { present: edges, 'all edges': edges },
    ]);
  });

  it('names no directory that is deleted at its end', async () => {
    const { stdout, stderr } = await startNode([QUICKSTART]).ended;
    expect(stdout + stderr).not.toContain('cip-quickstart-');
    expect(stdout).toContain('$ cip -thin-manifest-dir=. -confirm');
  });

  it.each([
    ['--kepp', 'quickstart: unexpected argument "--kepp": did you mean --keep?\n'],
    ['-k', 'quickstart: unexpected argument "-k": the only flag is --keep\n'],
    ['keep', 'quickstart: unexpected argument "keep": the only flag is --keep\n'],
  ])('refuses %s', async (argument, words) => {
    const { status, stdout, stderr } = await startNode([QUICKSTART, argument]).ended;
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: words });
  });

  it('--keep answers HTTP with what was promoted, until Ctrl-C', async () => {
    const tour = startNode([QUICKSTART, '--keep']);
    const url = /http:\/\/127\.0\.0\.1:\d+\/v2\/production\/app\/tags\/list/;
    const said = await tour.says(url);
    const answer = await fetch(url.exec(said)?.[0] ?? '');
    expect(await answer.json()).toEqual({ name: 'production/app', tags: ['v1.0', 'v1.0.0'] });
    tour.kill('SIGINT');
    const { status } = await tour.ended;
    expect(status).toBe(0);
  });
});

describe('before npm ci', () => {
  it.each([
    ['bin/cip.js', 'cip: not built yet: run "npm ci" first\n'],
    ['bin/kpromo.js', 'kpromo: not built yet: run "npm ci" first\n'],
    ['scripts/build.js', 'the dependencies are not installed: run "npm ci" first\n'],
  ])('%s says so in one line', async (script, words) => {
    const checkout = temporaryDirectory();
    for (const part of ['bin', 'scripts', 'package.json'])
      cpSync(join(repositoryRoot(), part), join(checkout, part), { recursive: true });
    const { status, stderr } = await startNode([join(checkout, script)]).ended;
    expect(status).not.toBe(0);
    expect(stderr).toBe(words);
  });
});

/** The counts of each table of decisions. */
function countsIn(log: string): Record<string, number>[] {
  const tables = log.matchAll(/^decision +edges .*\n((?:.+\n)+)/gm);
  return Array.from(tables, ([, rows = '']) =>
    Object.fromEntries(
      Array.from(rows.matchAll(/^(.+?) +(\d+)\b.*$/gm), ([, name, count]) => [name, Number(count)]),
    ),
  );
}
