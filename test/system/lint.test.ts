// Covers src/cli/commands/lint.ts
// Covers src/cli/commands/run/run-lint.ts
// Covers src/cli/output/run-remarks.ts
// Covers src/cli/runtime/check-manifests.ts

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repositoryIn } from '../builders/git-repository.ts';
import { digest } from '../builders/manifests.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip } from '../doubles/run-cip.ts';
import { thinFiles } from './staging.ts';

const [A, B] = [digest('a'), digest('b')];

/** Manifests with a moving tag, a conflict, a bad digest and a misnamed file. */
const FILES = {
  ...thinFiles({
    x: {
      from: 'gcr.io/staging',
      to: ['us.gcr.io/prod', 'eu.gcr.io/prod'],
      images: { app: { [A]: ['v1', 'latest'], [B]: ['v1'], 'sha256:12': ['v2'] } },
    },
  }),
  'images/x/imaegs.yaml': '',
};

async function lint(args: readonly string[], files: Readonly<Record<string, string>> = FILES) {
  const top = await testdir({});
  const { commit } = repositoryIn(top);
  commit(Object.fromEntries(Object.entries(files).map(([file, text]) => [`registry/${file}`, text])));
  return await runCip(['lint', '-thin-manifest-dir=registry', ...args], { cwd: top });
}

interface Finding {
  readonly rule: string;
  readonly level: string;
  readonly message: string;
  readonly file: string;
  readonly line: number;
}

describe('cip lint', () => {
  it('logs everything and has no data on stdout', async () => {
    const { status, stdout, stderr } = await lint([]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    for (const rule of ['moving-tag', 'digest', 'file-name']) expect(stderr).toContain(`[${rule}]`);
    expect(stderr).toMatch(/in conflict, 1 malformed \(exit 1\)\n$/);
  });

  it('prints JSON', async () => {
    const { status, stdout } = await lint(['-output=json']);
    const { version, findings }: { version: number; findings: readonly Finding[] } = JSON.parse(stdout);
    expect({ status, version }).toEqual({ status: 1, version: 1 });
    expect(findings.map(({ rule, level, file, line }) => `${level} ${rule} ${file}:${line}`)).toEqual([
      'warn file-name registry/images/x/imaegs.yaml:1',
      'error digest registry/images/x/images.yaml:5',
      'warn moving-tag registry/images/x/images.yaml:3',
      'error conflict registry/images/x/images.yaml:3',
      'error conflict registry/images/x/images.yaml:4',
    ]);
  });

  it('prints annotations of GitHub', async () => {
    const { stdout } = await lint(['-output', 'github']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    for (const line of lines) expect(line).toMatch(/^::(?:error|warning) file=registry\/images\/x\/[^:]+::/);
  });

  it('prints SARIF', async () => {
    const log = JSON.parse((await lint(['--output=SARIF'])).stdout);
    expect(log.version).toBe('2.1.0');
    expect(log.runs[0].results).toHaveLength(5);
  });

  it('is silent and successful about good manifests, also as kpromo lint and for a plain one', async () => {
    const good = thinFiles({
      x: { from: 'gcr.io/s', to: ['us.gcr.io/p'], images: { app: { [A]: ['v1'] } } },
    });
    const run = await lint(['-output=json'], good);
    expect([run.status, JSON.parse(run.stdout)]).toEqual([0, { version: 1, findings: [] }]);
    const directory = await testdir({
      ...good,
      'm.yaml': 'registries: [{name: a.io, src: true}, {name: b.io}]\n',
    });
    const kpromo = await runCip(['lint', `-thin-manifest-dir=${directory}`], { program: 'kpromo' });
    expect(kpromo.status).toBe(0);
    expect((await runCip(['lint', `-manifest=${join(directory, 'm.yaml')}`])).status).toBe(0);
  });

  it('takes levels', async () => {
    const good = thinFiles({
      x: { from: 'gcr.io/s', to: ['us.gcr.io/p'], images: { app: { [A]: ['main'] } } },
    });
    expect((await lint([], good)).status).toBe(0);
    expect((await lint(['-rule=moving-tag=error'], good)).status).toBe(1);
    expect(
      (await lint([], { ...good, '.cip.yaml': 'rules: {moving-tag: {level: error, tags: [v*]}}' })).status,
    ).toBe(0);
  });

  it.each([
    [['lint'], 'no manifest given'],
    [['lint', '-thin-manifest-dir=/nowhere'], 'no such file or directory'],
    [['lint', '-thin-manifest-dir=.', '-output=xml'], 'expected text, json, github, sarif'],
    [['lint', '-thin-manifest-dir=.', '-confirm'], '-confirm'],
  ])('refuses %j', async (args, message) => {
    const { status, stdout, stderr } = await runCip(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('compares with a commit', async () => {
    const top = await testdir({});
    const { commit } = repositoryIn(top);
    const files = (tags: readonly string[], to: readonly string[]) =>
      thinFiles({ x: { from: 'gcr.io/s', to, images: { app: { [A]: tags } } } });
    const base = commit(files(['v1'], ['us.gcr.io/p']));
    commit(files(['v2'], ['us.gcr.io/p', 'eu.gcr.io/p']));
    const run = await runCip(
      ['lint', '-thin-manifest-dir=.', `-manifest-diff-base=${base}`, '-output=json'],
      {
        cwd: top,
      },
    );
    const { findings }: { findings: readonly Finding[] } = JSON.parse(run.stdout);
    expect(run.status).toBe(1);
    expect(findings.map(({ rule, level }) => `${level} ${rule}`).toSorted()).toEqual([
      'error removed-entries',
      'warn owners',
    ]);
  });
});

describe('-annotations=github', () => {
  it('prints findings to stderr, after the log, in a check and in a dry run', async () => {
    const directory = await testdir(FILES);
    const flags = [`-thin-manifest-dir=${directory}`, '-annotations=github'];
    for (const task of ['-parse-only', '-no-progress']) {
      const { stdout, stderr } = await runCip([...flags, task], {
        env: { HTTPS_PROXY: 'http://127.0.0.1:1' },
      });
      expect(stdout).toBe('');
      expect(stderr).toMatch(/\(exit 1\)\n::error /);
      expect(stderr).toMatch(
        /^::warning file=.*images\/x\/images\.yaml,line=3,col=\d+,title=cip%3A moving-tag::/m,
      );
    }
  });
});
