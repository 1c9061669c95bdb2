// Covers src/cli/commands/fmt.ts
// Covers src/cli/commands/run/run-fmt.ts
import { chmod, lstat, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runGit } from '../builders/git-repository.ts';
import { digest } from '../builders/manifests.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip } from '../doubles/run-cip.ts';

const MANIFEST = 'registries:\n- name: gcr.io/staging\n  src: true\n- name: eu.gcr.io/prod\n';
const LIST = `# owners\n- name: b\n  dmap:\n    '${digest('b')}': ['v1']   # the first\n- name: a\n`;
const FORMATTED = `# owners\n- name: a\n- name: b\n  dmap:\n    "${digest('b')}": ["v1"]   # the first\n`;

async function world(files: Readonly<Record<string, string>> = {}) {
  const directory = await testdir({
    'manifests/team/promoter-manifest.yaml': MANIFEST,
    'images/team/images.yaml': LIST,
    ...files,
  });
  const fmt = (...args: string[]) => runCip(['fmt', `-thin-manifest-dir=${directory}`, ...args]);
  const path = join(directory, 'images/team/images.yaml');
  return { directory, path, fmt, list: () => readFile(path, 'utf8') };
}

describe('cip fmt', () => {
  it('formats the files of a directory, and writes none a second time', async () => {
    const { directory, path, fmt, list } = await world();
    await chmod(path, 0o640);
    const run = await fmt();
    expect(run).toMatchObject({ status: 0, stdout: '' });
    expect(run.stderr).toContain('formatted files=2 changed=1 unparsable=0');
    expect(await list()).toBe(FORMATTED);
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect(await readdir(dirname(path))).toEqual(['images.yaml']);
    const { ino, mtimeMs } = await stat(path);
    expect((await runCip(['fmt', '--thin-manifest-dir', directory], { program: 'kpromo' })).status).toBe(0);
    expect(await stat(path)).toMatchObject({ ino, mtimeMs });
  });

  it('names the files with -check, and writes nothing', async () => {
    const { path, fmt, list } = await world();
    const run = await fmt('-check');
    expect(run).toMatchObject({ status: 1, stdout: `${path}\n` });
    expect(run.stderr).toMatch(/^ERROR {3}files are not formatted: run cip fmt without -check/m);
    expect(await list()).toBe(LIST);
    await fmt();
    expect(await fmt('-check')).toMatchObject({ status: 0, stdout: '' });
  });

  it.each([[['-diff'], 0] as const, [['-diff', '-check'], 1] as const])(
    'prints a diff with %j that git applies, and writes nothing',
    async (flags, status) => {
      const { directory, fmt, list } = await world();
      const run = await runCip(['fmt', ...flags, 'images/team/images.yaml'], { cwd: directory });
      expect(run.status, run.stderr).toBe(status);
      expect(await list()).toBe(LIST);
      runGit(directory, ['init', '--quiet']);
      await testdir({ diff: run.stdout }).then((place) => runGit(directory, ['apply', join(place, 'diff')]));
      expect(await list()).toBe(FORMATTED);
      expect((await fmt('-check')).status).toBe(0);
    },
  );

  it('tells the faults of a file that is not YAML, and formats the others', async () => {
    const { fmt, list, directory } = await world({
      'manifests/bad/promoter-manifest.yaml': MANIFEST,
      'images/bad/images.yaml': '- name: a\n  dmap: [\n',
    });
    const run = await fmt();
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/images\/bad\/images\.yaml:\d+:\d+: error: not valid YAML/);
    expect(await list()).toBe(FORMATTED);
    expect(await readFile(join(directory, 'images/bad/images.yaml'), 'utf8')).toBe('- name: a\n  dmap: [\n');
    expect((await runCip(['fmt', `-manifest=${directory}/images/bad/images.yaml`])).status).toBe(2);
  });

  it('keeps links, byte order marks and files that have no canonical form', async () => {
    const anchored = '- &x\n  name: b\n- name: a\n';
    const directory = await testdir({
      'real/list.yaml': `\uFEFF${LIST}`,
      'link.yaml': { link: 'real/list.yaml' },
      'anchored.yaml': anchored,
    });
    const run = await runCip(['fmt', 'link.yaml', 'anchored.yaml'], { cwd: directory });
    expect(run.status, run.stderr).toBe(0);
    expect(run.stderr).toMatch(
      /^WARNING anchored\.yaml:1:3: the file is not formatted: anchors, aliases, .* are not supported$/m,
    );
    expect((await lstat(join(directory, 'link.yaml'))).isSymbolicLink()).toBe(true);
    expect(await readFile(join(directory, 'real/list.yaml'), 'utf8')).toBe(`\uFEFF${FORMATTED}`);
    expect(await readFile(join(directory, 'anchored.yaml'), 'utf8')).toBe(anchored);
  });

  it.each<[readonly string[], RegExp]>([
    [[], /no manifest given/],
    [['-manifest=a', 'b'], /exclude each other: give one/],
    [['no-such-file.yaml'], /"no-such-file\.yaml": no such file or directory/],
    [['-thin-manifest-dir=.'], /manifests/],
    [['.'], /it is a directory, expected a file/],
    [['-confirm', 'a'], /-confirm/],
  ])('refuses %j', async (args, message) => {
    const run = await runCip(['fmt', ...args]);
    expect(run.status).toBe(2);
    expect(run.stderr).toMatch(message);
  });
});
