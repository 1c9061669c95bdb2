import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { testdir } from '../builders/testdir.ts';
import { repositoryRoot } from '../doubles/tools.ts';

// What scripts/build.js writes.

const EPOCH = '1700000000';
const DATE = '2023-11-14T22:13:20Z';

describe('dist/build.json', () => {
  it('has the commit of the tree, its state and the date of SOURCE_DATE_EPOCH', async () => {
    const root = await project();
    const commit = await commitAll(root);
    expect(await build(root)).toEqual({ commit, dirty: false, date: DATE });
    expect(await build(root)).toEqual({ commit, dirty: false, date: DATE });
  });

  it.each([
    ['a changed file', 'src/cli/main.ts'],
    ['a file that was never committed', 'src/new.ts'],
  ])('says that %s is not in the commit', async (_, file) => {
    const root = await project();
    const commit = await commitAll(root);
    await writeFile(join(root, file), 'export const changed = 1;\n');
    expect(await build(root)).toEqual({ commit, dirty: true, date: DATE });
  });

  it('has no commit without git, and none of a repository around the tree', async () => {
    const outer = await testdir({ 'README.md': 'another project\n' });
    const root = join(outer, 'vendor/cip');
    await project(root);
    expect(await build(root)).toEqual({ date: DATE });
    await commitAll(outer);
    expect(await build(root)).toEqual({ date: DATE });
  });

  it('has the time of the build without SOURCE_DATE_EPOCH', async () => {
    const { date } = await build(await project(), { SOURCE_DATE_EPOCH: '' });
    expect(date).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/);
  });
});

describe('dist/third-party-licenses.txt', () => {
  it('has the text of the licence of each package that is bundled, and of no other', async () => {
    const text = await readFile(join(repositoryRoot(), 'dist/third-party-licenses.txt'), 'utf8');
    const sections = text.split(/^--- (?=\S+ \d)/m).slice(1);
    const packages = sections.map((section) => section.split(' ', 1)[0] ?? '');
    const { dependencies } = JSON.parse(await readFile(join(repositoryRoot(), 'package.json'), 'utf8'));
    expect(packages).toEqual(expect.arrayContaining(Object.keys(dependencies)));
    expect(packages).toEqual(packages.toSorted());
    expect(packages).not.toContain('esbuild');
    // some packages publish the name of their licence alone
    expect(sections.filter((section) => section.length > 500).length).toBeGreaterThan(50);
  });
});

describe('the build of the image', () => {
  it('needs only the files that .dockerignore allows, and writes the same bytes twice', async () => {
    const builds = await Promise.all([buildOfImage(), buildOfImage()]);
    expect(Object.keys(builds[0])).toEqual(
      expect.arrayContaining(['cip.cjs', expect.stringMatching(/^cip-.+[.]cache$/)]),
    );
    expect(builds[0]).toEqual(builds[1]);
  });
});

/** The digest of each file of dist/, from a build with the files that .dockerignore allows. */
async function buildOfImage(): Promise<Record<string, string>> {
  const root = await testdir({});
  for (const path of await dockerContext()) {
    await cp(join(repositoryRoot(), path), join(root, path), { recursive: true });
  }
  await symlink(join(repositoryRoot(), 'node_modules'), join(root, 'node_modules'));
  const { stderr } = await promisify(execFile)(process.execPath, ['scripts/build.js', 'cip'], {
    cwd: root,
    env: { ...process.env, CIP_COMMIT: '', CIP_DATE: '' },
  });
  expect(stderr).toBe('');
  const files = await readdir(join(root, 'dist'));
  const digests = files.map(
    async (file) => [file, digestOf(await readFile(join(root, 'dist', file)))] as const,
  );
  return Object.fromEntries(await Promise.all(digests));
}

/** The paths that .dockerignore lets in: of a pattern like `scripts/*.js`, the files of that folder. */
async function dockerContext(): Promise<string[]> {
  const lines = (await readFile(join(repositoryRoot(), '.dockerignore'), 'utf8')).split('\n');
  const patterns = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  const paths = patterns.map(async (pattern) => {
    const [folder = '', end] = pattern.split('*');
    if (end === undefined) return [pattern];
    const names = await readdir(join(repositoryRoot(), folder));
    return names.filter((name) => name.endsWith(end)).map((name) => join(folder, name));
  });
  return (await Promise.all(paths)).flat();
}

/** The smallest tree that the script builds. */
async function project(root?: string): Promise<string> {
  const at = root ?? (await testdir({}));
  const files = {
    'package.json': '{ "type": "module", "version": "1.2.3" }',
    '.gitignore': 'dist\ndist.*/\nnode_modules\n',
    'src/cli/main.ts': 'export const main = 1;\n',
    'scripts/quickstart.ts': 'export const quickstart = 1;\n',
    'scripts/code-cache.ts': 'export const cache = 1;\n',
    'action/main.ts': 'export const action = 1;\n',
    'scripts/licenses.js': `export const licensesOf = () => '';\n`,
    'scripts/page-assets.js': `export const pageAssets = () => '""';\n`,
  };
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(at, dirname(file)), { recursive: true });
    await writeFile(join(at, file), text);
  }
  await cp(join(repositoryRoot(), 'scripts/build.js'), join(at, 'scripts/build.js'));
  await symlink(join(repositoryRoot(), 'node_modules'), join(at, 'node_modules'));
  return at;
}

async function commitAll(root: string): Promise<string> {
  await run('git', ['init', '--quiet'], root);
  await run('git', ['add', '.'], root);
  await run('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '--quiet', '-m', 'all'], root);
  return (await run('git', ['rev-parse', 'HEAD'], root)).trim();
}

async function build(root: string, env: Readonly<Record<string, string>> = {}): Promise<{ date?: string }> {
  await run(process.execPath, ['scripts/build.js'], root, { SOURCE_DATE_EPOCH: EPOCH, ...env });
  return JSON.parse(await readFile(join(root, 'dist/build.json'), 'utf8'));
}

async function run(
  file: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(file, args, { cwd, env: { ...process.env, ...env } });
  return stdout;
}
