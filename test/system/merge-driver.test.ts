// Covers src/cli/commands/merge-driver.ts
// Covers src/cli/commands/run/install-merge-driver.ts
// Covers src/cli/commands/run/run-merge-driver.ts
// Covers src/cli/runtime/local-git.ts
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatManifest } from '../../src/manifest/format/format-manifest.ts';
import { readListContent } from '../../src/manifest/merge/list-content.ts';
import { SourceFile } from '../../src/manifest/source-file.ts';
import { GIT_ENV, gitRepository, repositoryIn } from '../builders/git-repository.ts';
import { digest } from '../builders/manifests.ts';
import { runs } from '../builders/property-runs.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip } from '../doubles/run-cip.ts';
import { repositoryRoot } from '../doubles/tools.ts';

const FILE = 'images/team/images.yaml';
const [A, B, C] = [digest('a'), digest('b'), digest('c')];
const LIST = `# owners\n- name: app\n  dmap:\n    "${A}": ["v1"]   # first\n`;

/** A repository with the driver, and a `cip` in PATH. */
async function repository(list = LIST) {
  const { directory, git, write, commit } = await gitRepository();
  const bin = await testdir({});
  symlinkSync(join(repositoryRoot(), 'bin/cip.js'), join(bin, 'cip'));
  const env = { ...GIT_ENV, PATH: `${bin}:${process.env['PATH']}`, HOME: bin };
  const install = (...flags: string[]) =>
    runCip(['merge-driver', '-install', ...flags], { cwd: directory, env });
  commit({ [FILE]: list });
  expect((await install()).status).toBe(0);
  const attributes = readFileSync(join(directory, '.gitattributes'), 'utf8');
  const put = (text: string) => commit({ [FILE]: text, '.gitattributes': attributes });
  put(list);
  return {
    bin,
    directory,
    git,
    write,
    install,
    list: () => readFileSync(join(directory, FILE), 'utf8'),
    branch: (name: string, text: string) => {
      git('checkout', '--quiet', '-B', name, 'main');
      put(text);
    },
    checkout: (name: string) => git('checkout', '--quiet', name),
    merge: (...names: string[]) => {
      const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
      const args = ['-C', directory, ...who, 'merge', '--no-edit', ...names];
      const { status, stdout, stderr } = spawnSync('git', args, { env, encoding: 'utf8' });
      return { status, output: stdout + stderr };
    },
  };
}

describe('cip merge-driver', () => {
  it('is installed once, and says what it did', async () => {
    const { directory, git, install } = await repository();
    expect(git('config', 'merge.cip.driver')).toContain('cip merge-driver %O %A %B %P');
    const again = await install();
    expect(again.status).toBe(0);
    expect(again.stderr).toMatch(
      /already set: merge\.cip\.driver[^]*already there: "images\.yaml merge=cip"/,
    );
    expect(readFileSync(join(directory, '.gitattributes'), 'utf8')).toBe('images.yaml merge=cip\n');
  });

  it('is installed for a user, in a repository or outside', async () => {
    const home = await testdir({ 'repository/.gitattributes': '*.png binary' });
    const env = { HOME: home, PATH: process.env['PATH'] };
    const outside = await runCip(['merge-driver', '-install', '-global'], { cwd: home, env });
    expect(outside.status, outside.stderr).toBe(0);
    expect(outside.stderr).toContain('add "images.yaml merge=cip" to .gitattributes');
    expect(readFileSync(join(home, '.gitconfig'), 'utf8')).toMatch(/driver = .*cip merge-driver %O %A %B %P/);
    repositoryIn(join(home, 'repository'));
    const inside = await runCip(['merge-driver', '-install', '-global'], {
      cwd: join(home, 'repository'),
      env,
    });
    expect(inside.status, inside.stderr).toBe(0);
    expect(readFileSync(join(home, 'repository/.gitattributes'), 'utf8')).toBe(
      '*.png binary\nimages.yaml merge=cip\n',
    );
  });

  it('merges branches that add to one place, with their comments', async () => {
    const { branch, checkout, merge, list } = await repository();
    branch('one', `${LIST}    "${B}": ["v2"]   # second\n`);
    branch('two', `${LIST}    # third\n    "${C}": ["v3"]\n`);
    checkout('one');
    const run = merge('two');
    expect(run.status, run.output).toBe(0);
    expect(list()).toBe(`${LIST}    "${B}": ["v2"]   # second\n    # third\n    "${C}": ["v3"]\n`);
  });

  it('leaves a conflict for a tag on two digests, and names them', async () => {
    const { branch, checkout, merge, list, git } = await repository();
    branch('one', `${LIST}    "${B}": ["v2"]\n`);
    branch('two', LIST.replace('  dmap:\n', `  dmap:\n    "${C}": ["v2"]\n`));
    checkout('one');
    const run = merge('two');
    expect(run.status).toBe(1);
    expect(run.output).toContain(`${FILE}: app:v2 has ${B} on our side and ${C} on theirs`);
    expect(list()).toBe(
      `${LIST}<<<<<<< ours\n    "${B}": ["v2"]\n=======\n    "${C}": ["v2"]\n>>>>>>> theirs\n`,
    );
    expect(git('status', '--short')).toContain(`UU ${FILE}`);
  });

  it('leaves a conflict for a digest that one side removes and the other changes', async () => {
    const { branch, checkout, merge, list } = await repository(`${LIST}    "${B}": ["v2"]\n`);
    branch('one', LIST);
    branch('two', `${LIST}    "${B}": ["v2", "v2.0"]\n`);
    checkout('one');
    const run = merge('two');
    expect(run.status).toBe(1);
    expect(run.output).toContain(`app@${B} is removed on our side, and app:v2.0`);
    expect(list()).toContain('<<<<<<< ours');
  });

  it('merges by lines, and says so, where a side does not parse', async () => {
    const { branch, checkout, merge, list } = await repository();
    branch('one', LIST.replace('["v1"]', '["v1"'));
    branch('two', `# two\n${LIST}`);
    checkout('one');
    const run = merge('two');
    expect(run.status, run.output).toBe(0);
    expect(run.output).toContain(`${FILE}: merged by lines, as git does: our side is not a list of images`);
    expect(list()).toBe(`# two\n${LIST}`.replace('["v1"]', '["v1"'));
  });

  it('leaves a conflict with both sides where cip is not in PATH', async () => {
    const { branch, checkout, merge, list, bin } = await repository();
    branch('one', `${LIST}    "${B}": ["v2"]\n`);
    branch('two', `${LIST}    "${C}": ["v3"]\n`);
    checkout('one');
    rmSync(join(bin, 'cip'));
    const run = merge('two');
    expect(run.status).toBe(1);
    expect(run.output).toContain('cip is not in PATH: merged by lines');
    expect(list()).toBe(
      `${LIST}<<<<<<< ours\n    "${B}": ["v2"]\n=======\n    "${C}": ["v3"]\n>>>>>>> theirs\n`,
    );
  });

  it('leaves a conflict with both sides where it fails', async () => {
    const git = spawnSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).stdout.trim();
    const directory = await testdir({
      base: LIST,
      ours: `${LIST}    "${B}": ["v2"]\n`,
      theirs: `${LIST}    "${C}": ["v3"]\n`,
      'bin/git': `#!/bin/sh\ncase "$*" in *--union*) exit 128 ;; esac\nexec ${git} "$@"\n`,
    });
    chmodSync(join(directory, 'bin/git'), 0o755);
    const env = { ...GIT_ENV, PATH: `${join(directory, 'bin')}:${process.env['PATH']}` };
    const run = await runCip(['merge-driver', 'base', 'ours', 'theirs', FILE], { cwd: directory, env });
    expect(run.status).toBe(2);
    expect(run.stderr).toContain(`${FILE}: merged by lines after a failure: check the file`);
    expect(readFileSync(join(directory, 'ours'), 'utf8')).toMatch(/<{7}[^]*"v2"[^]*={7}[^]*"v3"[^]*>{7}/);
  });

  it('names the command that merges again where it leaves no conflict', async () => {
    const directory = await testdir({ ours: LIST, theirs: LIST });
    const run = await runCip(['merge-driver', 'missing', 'ours', 'theirs', FILE], { cwd: directory });
    expect(run.status).toBe(2);
    expect(run.stderr).toContain(`run "git checkout --merge -- ${FILE}"`);
  });

  it('keeps bytes that are not UTF-8, and a byte order mark', async () => {
    const directory = await testdir({
      base: LIST,
      latin: Buffer.concat([Buffer.from(LIST), Buffer.from('# \xe9\n', 'latin1')]),
      marked: `\uFEFF${LIST}`,
      theirs: LIST.replace('# owners', '# all'),
    });
    const driver = async (ours: string) =>
      await runCip(['merge-driver', 'base', ours, 'theirs', FILE], { cwd: directory });
    const latin = await driver('latin');
    expect(latin.status, latin.stderr).toBe(0);
    expect(latin.stderr).toMatch(/merged by lines, as git does: not UTF-8/);
    expect(readFileSync(join(directory, 'latin'), 'latin1')).toBe(
      `${LIST.replace('# owners', '# all')}# \xe9\n`,
    );
    expect((await driver('marked')).status).toBe(0);
    expect(readFileSync(join(directory, 'marked'), 'utf8')).toMatch(/^\uFEFF#[^\uFEFF]*$/);
  });

  it.each([
    [[], /takes the files of git/],
    [['a', 'b'], /takes the files of git/],
    [['a', 'b', 'c', 'd'], /no such file or directory/],
    [['-install', 'a'], /takes no files/],
    [['-global'], /-global goes with -install/],
    [['-install'], /not a git repository/],
  ])('refuses %j', async (args, message) => {
    const run = await runCip(['merge-driver', ...args]);
    expect(run.status).toBe(2);
    expect(run.stderr).toMatch(message);
  });

  it('merges branches with git in any order to the same canonical file', async () => {
    const names = ['app', 'tool', 'new'];
    const additions = fc.array(fc.tuple(fc.constantFrom(...names), fc.integer({ min: 0, max: 99 })), {
      minLength: 1,
      maxLength: 3,
    });
    const [sample] = fc.sample(
      fc.array(additions, { minLength: 20, maxLength: 20 }),
      runs({ seed: 20, numRuns: 1 }),
    );
    const texts = (sample ?? []).map((added) => canonical(LIST + added.map(entryOf).join('')));
    const orders = [Array.from(texts.keys()), Array.from(texts.keys()).toReversed()];
    const results: string[] = [];
    const { branch, git, merge, list } = await repository();
    for (const [index, text] of texts.entries()) branch(`b${index}`, text);
    for (const order of orders) {
      git('checkout', '--quiet', '-B', 'trunk', 'main');
      for (const index of order) expect(merge(`b${index}`)).toMatchObject({ status: 0 });
      results.push(list());
    }
    expect(results.map(entriesIn)).toEqual([entriesIn(texts.join('')), entriesIn(texts.join(''))]);
    expect(results.map(canonical)).toEqual(results);
  }, 120_000);
});

function entryOf([name, version]: readonly [string, number]): string {
  return `- name: ${name}\n  dmap:\n    "sha256:${String(version).padStart(64, 'd')}": ["v1.${version}"]\n`;
}

function entriesIn(text: string): readonly string[] {
  return Array.from(readListContent(text)?.entries.keys() ?? []).toSorted();
}

function canonical(text: string): string {
  const formatted = formatManifest(new SourceFile('', text));
  return formatted.kind === 'formatted' ? formatted.text : text;
}
