// Covers src/cli/commands/add.ts
// Covers src/cli/commands/run/run-add.ts
// Covers src/workflows/add/add-images.ts
// Covers src/workflows/add/choose-project.ts

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digest } from '../builders/manifests.ts';
import { image, push } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip } from '../doubles/run-cip.ts';
import { embedded } from './staging.ts';

async function withManifests(images = '# owners\n') {
  const registry = await embedded();
  const pushed = push(registry, 'staging/app', image({ seed: 'app' }), 'v1', 'v1.0');
  const header = (source: string) =>
    `registries:\n- name: ${registry.host}/${source}\n  src: true\n- name: prod.invalid/${source}\n`;
  const directory = await testdir({
    'manifests/team/promoter-manifest.yaml': header('staging'),
    'images/team/images.yaml': images,
    'manifests/other/promoter-manifest.yaml': header('other'),
    'images/other/images.yaml': '',
    'manifests/wide/promoter-manifest.yaml': header('wide'),
    'images/wide/images.yaml': '',
    'manifests/wide-too/promoter-manifest.yaml': header('wide'),
    'images/wide-too/images.yaml': '',
  });
  const list = () => readFile(join(directory, 'images/team/images.yaml'), 'utf8');
  const add = (...args: string[]) => runCip(['add', ...args, `-thin-manifest-dir=${directory}`]);
  return { registry, pushed, list, add, app: `${registry.host}/staging/app` };
}

describe('cip add', () => {
  it('adds the digest of a tag to the project whose source holds it, and keeps the rest', async () => {
    const { pushed, list, add, app } = await withManifests();
    const run = await add(`${app}:v1`, `${app}:v1.0@${pushed}`);
    expect(run.status, run.stderr).toBe(0);
    expect(await list()).toBe(`# owners\n- name: app\n  dmap:\n    "${pushed}": ["v1", "v1.0"]\n`);
    const again = await add(`${app}:v1`, `${app}@${pushed}`);
    expect(again.status).toBe(0);
    expect(again.stderr).toContain(`already there: ${app}:v1 (${pushed})`);
    expect(again.stderr).toContain('nothing to do');
  });

  it('writes nothing where one of several images is refused', async () => {
    const { list, add, app } = await withManifests();
    const run = await add(`${app}:v1`, `${app}:v9`);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain(`${app}:v9: not found`);
    expect(await list()).toBe('# owners\n');
  });

  it('refuses a tag that is another digest, in the manifest or at the source', async () => {
    const old = `- name: app\n  dmap:\n    "${digest('a')}": [v1]\n`;
    const { list, add, app } = await withManifests(old);
    const moved = await add(`${app}:v1`);
    expect(moved.status).toBe(1);
    expect(moved.stderr).toMatch(/app:v1 is sha256:a+ at images\/team\/images\.yaml:3:5: a tag is not moved/);
    const other = await add(`${app}:v1.0@${digest('b')}`);
    expect(other.status).toBe(1);
    expect(other.stderr).toContain(`not ${digest('b')}`);
    expect(await list()).toBe(old);
  });

  it('names the candidates where an image belongs to no project or to several', async () => {
    const { registry, add, app } = await withManifests();
    push(registry, 'wide/app', image({ seed: 'wide' }), 'v1');
    expect((await add(`${registry.host}/unknown/app:v1`)).stderr).toMatch(
      /of no project: there is .*team \(.*\/staging\)/,
    );
    expect((await add(`${registry.host}/wide/app:v1`)).stderr).toMatch(
      /several projects, wide.*: choose one with -project/,
    );
    expect((await add(`${registry.host}/wide/app:v1`, '-project=wide-too')).status).toBe(0);
    expect((await add(`${app}:v1`, '-project=nobody')).stderr).toContain('no project "nobody": there is');
  });

  it('does not assume latest, and needs a directory', async () => {
    const { add, app } = await withManifests();
    const latest = await add(app);
    expect(latest.status).toBe(2);
    expect(latest.stderr).toContain('latest is not assumed');
    expect((await runCip(['add', `${app}:v1`])).stderr).toContain('-thin-manifest-dir=DIR is required');
  });
});
