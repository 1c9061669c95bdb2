import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { startNpmRegistry } from '../doubles/npm-registry.ts';
import { startProgram, temporaryDirectory } from '../doubles/run-cip.ts';
import { findTool, repositoryRoot } from '../doubles/tools.ts';

// The scripts in the steps of .github/workflows/release.yml. Stand-ins for docker and gh record their arguments; the image
// itself is built and pushed in image/image.test.ts.

const ROOT = repositoryRoot();
const { version }: { version: string } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const TAG = `v${version}`;
const SHA = 'a'.repeat(40);
const DIGEST = `sha256:${'b'.repeat(64)}`;
const { jobs }: Workflow = JSON.parse(
  JSON.stringify(load(readFileSync(join(ROOT, '.github/workflows/release.yml'), 'utf8'))),
);

const jq = findTool('jq') !== undefined;
if (!jq) console.error('not found, so the step of the release that pushes images is not run: jq');

describe('the steps of a release', () => {
  it.skipIf(!jq)('build both images for both platforms, and pass on their digests', async () => {
    const { cwd, asked, run } = workplace({
      docker: `for word; do case $word in --metadata-file=*) echo '{"containerimage.digest":"${DIGEST}"}' > "\${word#*=}";; esac; done`,
    });
    const git = (...args: readonly string[]) => execFileSync('git', ['-C', cwd, ...args]);
    git('init', '--quiet');
    const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
    git(...author, 'commit', '--quiet', '--allow-empty', '--message=x', '--date=2026-01-01T00:00:00Z');
    git('tag', TAG);
    const output = join(cwd, 'output');
    await run(stepOf('image', 'docker buildx build'), { GITHUB_OUTPUT: output });
    const day = execFileSync('git', ['-C', cwd, 'log', '-1', '--format=%cd', '--date=format-local:%Y%m%d'], {
      env: { ...process.env, TZ: 'UTC' },
      encoding: 'utf8',
    }).trim();
    const builds = asked();
    for (const [index, target] of ['cip', 'auditor'].entries()) {
      const name = `ghcr.io/octo-example/promoter${target === 'cip' ? '' : '/auditor'}`;
      expect(builds[index]?.split(' ')).toEqual(
        expect.arrayContaining([
          `--target=${target}`,
          '--platform=linux/amd64,linux/arm64',
          `--tag=${name}:${TAG}`,
          `--tag=${name}:${day}-${TAG}`,
          `--build-arg=REVISION=${SHA}`,
        ]),
      );
    }
    expect(builds).toHaveLength(2);
    expect(readFileSync(output, 'utf8')).toBe(
      `cip=${DIGEST}\nauditor=${DIGEST}\nname=ghcr.io/octo-example/promoter\n`,
    );
  });

  it('publish a package that anybody can install, and a release with its files', async () => {
    const registry = await startNpmRegistry();
    const { cwd, asked, run } = workplace({
      gh: 'for word; do case $word in release/*) test -f "$word";; esac; done',
    });
    symlinkSync(join(ROOT, 'scripts'), join(cwd, 'scripts'));
    const host = registry.url.slice('http:'.length);
    writeFileSync(
      join(cwd, '.npmrc'),
      `registry=${registry.url}/\n${host}/:_authToken=\${NODE_AUTH_TOKEN}\n`,
    );
    await run(stepOf('package', 'scripts/release.js'));
    const publish = stepOf('package', 'npm publish');
    expect(publish).toContain(' --provenance ');
    // only GitHub can vouch for where a package was built
    await run(publish.replace('--provenance', '--provenance=false'), { NODE_AUTH_TOKEN: 'the-token' });
    expect(registry.published).toEqual([
      {
        id: `@octo-example/cip@${version}`,
        tag: version.includes('-') ? 'next' : 'latest',
        token: 'Bearer the-token',
      },
    ]);
    await run(stepOf('package', 'gh release'), { GH_TOKEN: 'x' });
    expect(asked()).toEqual([
      `release create ${TAG} --verify-tag --prerelease=${version.includes('-')} --notes-file=release/notes.md release/octo-example-cip-${version}.tgz release/cip.cdx.json release/SHA256SUMS`,
    ]);
    await run('cd release && sha256sum --check SHA256SUMS');
    await run('mkdir installed && cp .npmrc installed/');
    const install = `npm install --no-audit --no-fund @octo-example/cip@${version}`;
    await run(`cd installed && ${install}`, { NODE_AUTH_TOKEN: '' });
    const printed = await run('installed/node_modules/.bin/cip -version');
    expect(printed.stdout).toContain(`Version:  ${version}\n`);
  });
});

/** A directory to run steps in, with programs that write down their arguments and then run a script. */
function workplace(programs: Readonly<Record<string, string>>) {
  const cwd = temporaryDirectory();
  const bin = join(temporaryDirectory(), 'bin');
  mkdirSync(bin);
  const log = join(bin, 'asked');
  writeFileSync(log, '');
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\necho "$*" >> '${log}'\n${script}\n`, { mode: 0o755 });
  }
  const env = {
    PATH: `${bin}:${process.env['PATH']}`,
    GITHUB_REPOSITORY: 'Octo-Example/promoter',
    GITHUB_REF_NAME: TAG,
    GITHUB_SHA: SHA,
  };
  return {
    cwd,
    asked: () => readFileSync(log, 'utf8').split('\n').slice(0, -1),
    run: async (script: string, more: Readonly<Record<string, string>> = {}) => {
      // as GitHub runs a step without a shell of its own
      const ended = await startProgram('bash', ['-e', '-c', script], { cwd, env: { ...env, ...more } }).ended;
      expect(ended.status, `${script}\n${ended.stderr}`).toBe(0);
      return ended;
    },
  };
}

/** The script of the step that has these words. */
function stepOf(job: string, words: string): string {
  const found = jobs[job]?.steps?.find(({ run = '' }) => run.includes(words));
  if (found?.run === undefined) throw new Error(`no step of ${job} has "${words}"`);
  return found.run;
}

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly steps?: readonly { readonly run?: string }[] }>>;
}
