import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { startProgram, temporaryDirectory } from '../doubles/run-cip.ts';
import { repositoryRoot } from '../doubles/tools.ts';

const ROOT = repositoryRoot();
const { version }: { version: string } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const PACKAGE = `octo-example-cip-${version}.tgz`;

function release(...args: readonly string[]) {
  const env = { GITHUB_REPOSITORY: 'Octo-Example/promoter' };
  return startProgram(process.execPath, [join(ROOT, 'scripts/release.js'), ...args], { env }).ended;
}

/** The files of a release of this version, in a directory. */
async function released(): Promise<string> {
  const directory = join(temporaryDirectory(), 'release');
  const { status, stderr } = await release(`v${version}`, directory);
  expect(status, stderr).toBe(0);
  return directory;
}

describe('a release', () => {
  it('has a package, a bill of materials, notes, and the checksums of all', async () => {
    const directory = await released();
    const files = readdirSync(directory).filter((file) => file !== 'SHA256SUMS');
    expect(files.toSorted()).toEqual(['cip.cdx.json', 'notes.md', PACKAGE]);
    const sums = files.map((file) => {
      const sum = createHash('sha256')
        .update(readFileSync(join(directory, file)))
        .digest('hex');
      return `${sum}  ${file}\n`;
    });
    expect(readFileSync(join(directory, 'SHA256SUMS'), 'utf8')).toBe(sums.join(''));
    expect(readFileSync(join(directory, 'notes.md'), 'utf8')).toMatch(new RegExp(`^# v${version}\n\n- `));
    const bill: Bill = JSON.parse(readFileSync(join(directory, 'cip.cdx.json'), 'utf8'));
    expect(bill).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: 'cip', version } } });
    const names = bill.components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['commander', 'js-yaml', 'google-auth-library']));
    expect(names).not.toContain('vitest');
  });

  it('has no test, no source and no path of the build in its package', async () => {
    const directory = await released();
    const contents = temporaryDirectory();
    execFileSync('tar', ['--extract', '--file', join(directory, PACKAGE), '--directory', contents]);
    const files = readdirSync(contents, { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(`${contents}/package/`.length));
    const expected =
      /^(?:LICENSE|README[.]md|package[.]json|docs\/man\/cip[.]1|bin\/[\w-]+[.]js|dist\/[\w-]+[.]c?js|dist\/cip-[\w.-]+[.]cache|dist\/build[.]json|dist\/third-party-licenses[.]txt)$/;
    expect(files.filter((file) => !expected.test(file))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['bin/cip.js', 'dist/cip.cjs', 'dist/quickstart.js']));
    for (const file of files) {
      const text = readFileSync(join(contents, 'package', file), 'utf8');
      expect(
        [ROOT, 'sourceMappingURL'].filter((canary) => text.includes(canary)),
        file,
      ).toEqual([]);
    }
  });

  it('is installed in an empty directory without a network, and runs the quickstart there', async () => {
    const directory = await released();
    const cwd = temporaryDirectory();
    const install = ['install', '--offline', '--no-audit', '--no-fund', join(directory, PACKAGE)];
    const installed = await startProgram('npm', install, { cwd }).ended;
    expect(installed.status, installed.stderr).toBe(0);
    expect(readdirSync(join(cwd, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      '@octo-example',
    ]);
    const printed = await startProgram(join(cwd, 'node_modules/.bin/cip'), ['-version'], { cwd }).ended;
    expect(printed.stdout).toContain(`Version:  ${version}\n`);
    const quickstart = join(cwd, 'node_modules/@octo-example/cip/dist/quickstart.js');
    const tour = await startProgram(process.execPath, [quickstart], { cwd }).ended;
    expect(tour.status, tour.stderr).toBe(0);
    expect(tour.stdout).toContain('2. The promotion');
  });

  it.each([
    [['v9.9.9', 'out'], `the tag "v9.9.9" is not the version of package.json: expected v${version}`],
    [[`v${version}`, ROOT], `"${ROOT}" is not empty: give a new directory`],
    [[], 'usage: node scripts/release.js TAG DIRECTORY'],
  ])('is refused for %j', async (args, words) => {
    const { status, stderr } = await release(...args);
    expect({ status, stderr }).toEqual({ status: 2, stderr: `release: ${words}\n` });
  });
});

describe('the workflow of a release', () => {
  const text = readFileSync(join(ROOT, '.github/workflows/release.yml'), 'utf8');
  const { jobs }: Workflow = JSON.parse(JSON.stringify(load(text)));

  it('checks first, then publishes the image, then the package', () => {
    expect(Object.keys(jobs)).toEqual(['check', 'image', 'package']);
    expect(jobs['check']?.uses).toBe('./.github/workflows/ci.yml');
    expect([jobs['image']?.needs, jobs['package']?.needs]).toEqual(['check', 'image']);
  });

  it('builds the targets of the Dockerfile with its arguments', () => {
    const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
    const given = Array.from(text.matchAll(/--build-arg=(\w+)=/g), ([, name]) => name);
    const known = Array.from(dockerfile.matchAll(/^ARG (\w+)=$/gm), ([, name]) => name);
    expect(new Set(given)).toEqual(new Set(known));
    for (const target of ['cip', 'auditor']) expect(dockerfile).toContain(` AS ${target}\n`);
  });
});

interface Bill {
  readonly components: readonly { readonly name: string }[];
}

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly needs?: string; readonly uses?: string }>>;
}
