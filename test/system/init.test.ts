// Covers src/cli/commands/init.ts
// Covers src/cli/commands/run/run-init.ts
// Covers src/workflows/init/new-project.ts

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { image, multiArch, push } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip } from '../doubles/run-cip.ts';
import { embedded } from './staging.ts';

const APP = multiArch('app', { platforms: 2 });

async function withSource() {
  const registry = await embedded();
  const digest = push(registry, 'staging/app', APP, 'v1', 'latest');
  push(registry, 'staging/tool', image({ seed: 'tool' }), 'main');
  const cwd = await testdir({});
  const source = `${registry.host}/staging`;
  const init = (...args: string[]) =>
    runCip(
      [
        'init',
        't1',
        ...(args.some((arg) => arg.startsWith('-source')) ? [] : [`-source=${source}`]),
        '-destination=eu.invalid/prod',
        '-destination=us.invalid/prod',
        ...args,
      ],
      { cwd },
    );
  return { registry, digest, cwd, init, source };
}

describe('cip init', () => {
  it('writes a project that passes -parse-only, and names the next command', async () => {
    const { digest, cwd, init, source } = await withSource();
    const run = await init('-project=team', '-tag=v*');
    expect(run.status, run.stderr).toBe(0);
    expect(run.stderr.trimEnd().split('\n').at(-1)).toContain('next: cip -thin-manifest-dir=t1');
    const manifest = await readFile(join(cwd, 't1/manifests/team/promoter-manifest.yaml'), 'utf8');
    expect(manifest).toBe(
      `# yaml-language-server: $schema=../../.schema/promoter-manifest.schema.json\nregistries:\n- name: ${source}\n  src: true\n- name: eu.invalid/prod\n- name: us.invalid/prod\n`,
    );
    expect(await readFile(join(cwd, 't1/images/team/images.yaml'), 'utf8')).toBe(
      `# yaml-language-server: $schema=../../.schema/images.schema.json\n- name: app\n  dmap:\n    "${digest}": ["v1"]\n`,
    );
    expect(await readdir(join(cwd, 't1/.schema'))).toHaveLength(2);
    const parsed = await runCip(['-parse-only', '-thin-manifest-dir=t1'], { cwd });
    expect(parsed.status, parsed.stderr).toBe(0);
  });

  it('keeps every image without a glob, and adds a project to others, never over one', async () => {
    const { cwd, init } = await withSource();
    expect((await init()).status).toBe(0);
    expect((await init('-project=second')).status).toBe(0);
    expect((await readdir(join(cwd, 't1/manifests'))).toSorted()).toEqual(['second', 'staging']);
    const before = await readFile(join(cwd, 't1/images/staging/images.yaml'), 'utf8');
    expect(before).toContain('- name: tool\n');
    const again = await init();
    expect(again.status).toBe(2);
    expect(again.stderr).toContain('nothing is overwritten');
    expect(await readFile(join(cwd, 't1/images/staging/images.yaml'), 'utf8')).toBe(before);
  });

  it.each([
    [['-tag=x*'], 1, 'no image of'],
    [['-project=../up'], 2, 'invalid project'],
    [['-destination=https://x.invalid/y'], 2, 'write it without the scheme'],
    [['-destination=eu.invalid/prod'], 2, 'given twice'],
    [['-source=SOURCE/typo'], 1, 'does not exist'],
    [['-source=SOURCE/app'], 2, 'is an image itself'],
  ])('leaves nothing behind with %j', async (flags, status, message) => {
    const { cwd, init, source } = await withSource();
    const run = await init(...flags.map((flag) => flag.replace('SOURCE', source)));
    expect(run.status).toBe(status);
    expect(run.stderr).toContain(message);
    expect(await readdir(cwd)).toEqual([]);
  });

  it('without a terminal names the flags that are missing', async () => {
    const cwd = await testdir({});
    const run = await runCip(['init', 't1'], { cwd });
    expect(run.status).toBe(2);
    expect(run.stderr).toContain('give -source=REGISTRY, -destination=REGISTRY, -project=NAME');
    expect(await readdir(cwd)).toEqual([]);
  });
});
