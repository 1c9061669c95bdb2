// Covers src/cli/commands/mm.ts
// Covers src/cli/commands/run/run-mm.ts
// Covers src/cli/output/image-lists.ts
// Covers src/workflows/mm/merge-release.ts
import { execFile, execFileSync } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistryOptions } from '../../src/embedded-registry/embedded-registry.ts';
import { image, multiArch, push } from '../builders/images.ts';
import { digest } from '../builders/manifests.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip } from '../doubles/run-cip.ts';
import { repositoryRoot } from '../doubles/tools.ts';
import { embedded, writesOf } from './staging.ts';

const OLD = digest('0');
const LIST = `# owners: release managers
- name: app   # the app
  dmap:
    '${OLD}': [ "v0.9" ]   # the first
- name: app
  dmap: {}
- name: zoo
  dmap:
    "${OLD}": ["v0.1"]
`;

async function world(
  options: EmbeddedRegistryOptions = { listing: 'google' },
  { list = LIST, below = '' } = {},
) {
  const registry = await embedded(options);
  const staging = `${registry.host}/staging`;
  const digests = {
    app: push(registry, 'staging/app', image({ seed: 'app' }), 'v1.30.0', 'latest'),
    rc: push(registry, 'staging/app', image({ seed: 'rc' }), 'v1.31.0-rc.0', 'extra'),
    sub: push(registry, 'staging/app/sub', multiArch('sub'), 'v1.30.0'),
    tool: push(registry, 'staging/tool', image({ seed: 'tool' }), 'v1.29.5'),
  };
  push(registry, 'staging/moving', image({ seed: 'moving' }), 'latest');
  const manifest = `registries:\n- name: ${staging}\n  src: true\n- name: prod.invalid/p\n`;
  const directory = await testdir({
    [`${below}manifests/a/promoter-manifest.yaml`]: manifest,
    [`${below}images/a/images.yaml`]: list,
  });
  const path = join(directory, `${below}images/a/images.yaml`);
  const mm = (...args: string[]) =>
    runCip(['mm', `--base_dir=${directory}`, `-staging_repo=${staging}`, ...args]);
  return { registry, staging, digests, directory, path, mm, list: () => readFile(path, 'utf8') };
}

describe.each([{ listing: 'google' }, { listing: 'oci' }] as const)(
  'cip mm, with the listing $listing',
  (options) => {
    it('adds a release in its sorted places, and keeps every other byte', async () => {
      const { registry, digests, mm, list } = await world(options);
      const run = await mm('--filter_tag', 'v1.30.0');
      expect(run.status, run.stderr).toBe(0);
      expect(run.stderr).toMatch(/RENDER .*images\/a\/images.yaml images=2 digests=2 tags=2/);
      expect(await list()).toBe(
        LIST.replace('# the first\n', `# the first\n    "${digests.app}": ["v1.30.0"]\n`).replace(
          '- name: zoo',
          `- name: app/sub\n  dmap:\n    "${digests.sub}": ["v1.30.0"]\n- name: zoo`,
        ),
      );
      expect(writesOf(registry)).toEqual([]);
    });

    it('adds several releases in one call, by tag, glob and range', async () => {
      const { digests, mm, list } = await world(options, { list: '' });
      const run = await mm(
        '-filter_tag=v1.29.*,v1.31.0-rc.0',
        '-filter_tag',
        '>=1.30.0 <1.31',
        '-filter_image=app*',
        '-filter_image=tool',
      );
      expect(run.status, run.stderr).toBe(0);
      const app = [`    "${digests.app}": ["v1.30.0"]`, `    "${digests.rc}": ["v1.31.0-rc.0"]`].toSorted();
      const sub = ['- name: app/sub', '  dmap:', `    "${digests.sub}": ["v1.30.0"]`];
      const tool = ['- name: tool', '  dmap:', `    "${digests.tool}": ["v1.29.5"]`];
      expect(await list()).toBe([`- name: app`, '  dmap:', ...app, ...sub, ...tool, ''].join('\n'));
    });

    it('without a filter takes every tag but latest', async () => {
      const { digests, mm, list } = await world(options, { list: '' });
      expect((await mm()).status).toBe(0);
      expect(await list()).toContain(`"${digests.rc}": ["extra", "v1.31.0-rc.0"]`);
      expect(await list()).not.toMatch(/latest|moving/);
    });
  },
);

describe('cip mm', () => {
  it('prints a diff with --dry-run that git applies, and writes nothing', async () => {
    const { directory, mm, list } = await world();
    const dry = await mm('--dry-run', '--filter_tag=v1.30.0');
    expect(dry.status, dry.stderr).toBe(0);
    expect(await list()).toBe(LIST);
    expect(dry.stdout).toMatch(/^--- a\/images\/a\/images.yaml\n\+\+\+ b\/images\/a\/images.yaml\n@@ -2,/);
    expect(dry.stdout.match(/^[+-](?!--|\+\+)/gm)).toHaveLength(4);
    execFileSync('git', ['apply'], { cwd: directory, input: dry.stdout });
    const patched = await list();
    expect((await mm('--filter_tag=v1.30.0')).stderr).toContain('nothing to do');
    expect(await list()).toBe(patched);
  });

  it('writes nothing where nothing is new', async () => {
    const { mm, path } = await world();
    await mm('--filter_tag=v1.30.0');
    const { ino, mtimeMs } = await stat(path);
    expect(await mm('--filter_tag=v1.30.0')).toMatchObject({ status: 0, stdout: '' });
    expect(await stat(path)).toMatchObject({ ino, mtimeMs });
  });

  it('refuses a tag that is another digest in the list', async () => {
    const { mm, list, digests } = await world(
      { listing: 'google' },
      { list: LIST.replace('v0.9', 'v1.30.0') },
    );
    const run = await mm('--filter_tag=v1.30.0');
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(
      `app:v1.30.0 is ${OLD} at images/a/images.yaml:4:5: a tag is not moved, choose another tag for ${digests.app}`,
    );
    expect(await list()).toContain('# the first');
  });

  it.each([
    ['a tag', ['-filter_tag=v9'], /no images survived filtering by --filter_tag="v9"; double-check/],
    ['one of two tags', ['-filter_tag=v1.30.0', '-filter_tag=v9'], /by --filter_tag="v9";/],
    ['an image', ['-filter_image=ap'], /by --filter_image="ap";/],
    ['a digest', [`-filter_digest=${digest('9')}`], /by --filter_digest="sha256:9/],
    ['latest alone', ['-filter_image=moving'], /by --filter_image="moving";/],
  ])('refuses %s that no image has', async (_what, args, words) => {
    const { mm, list } = await world();
    const run = await mm(...args);
    expect(run).toMatchObject({ status: 1, stderr: expect.stringMatching(words) });
    expect(await list()).toBe(LIST);
  });

  it('refuses an image that cannot be read, and no others', async () => {
    const { registry, mm, list } = await world();
    registry.addFault({
      path: /staging\/tool\/tags/,
      times: Number.POSITIVE_INFINITY,
      act: { kind: 'status', status: 403 },
    });
    const refused = await mm();
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('was not read completely') });
    expect(await list()).toBe(LIST);
    expect((await mm('-filter_image=app')).status).toBe(0);
  });

  it('finds the manifests of a checkout, and is a program of its own', async () => {
    for (const below of ['registry.k8s.io/', 'k8s.gcr.io/']) {
      const { staging, directory, list, digests } = await world({ listing: 'google' }, { below });
      const program = join(repositoryRoot(), 'bin/cip-mm.js');
      await promisify(execFile)(
        process.execPath,
        [program, '--staging_repo', `${staging}/`, '--filter_tag=v1.29.5'],
        { cwd: directory },
      );
      expect(await list()).toContain(`- name: tool\n  dmap:\n    "${digests.tool}": ["v1.29.5"]\n`);
    }
  });

  it.each([
    [[], /must specify --staging_repo/],
    [['-staging_repo=gcr.io/other'], /could not find Manifest for "gcr.io\/other"/],
    [['-staging_repo=gcr.io/other', '--filter_tag=latest'], /--filter_tag cannot be "latest"/],
    [['-staging_repo=gcr.io/other', '--filter_tag=>=main'], /is no tag and no range of versions/],
  ])('refuses %j', async (args, words) => {
    const { directory } = await world();
    const run = await runCip(['mm', `-base_dir=${directory}`, ...args], { program: 'kpromo' });
    expect(run.status).not.toBe(0);
    expect(run.stderr).toMatch(words);
  });
});
