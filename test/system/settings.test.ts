// Covers src/cli/runtime/load-rules.ts

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digest } from '../builders/manifests.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip, runWithReport } from '../doubles/run-cip.ts';
import { thinFiles } from './staging.ts';

const A = digest('a');
const FILES = thinFiles({
  app: {
    from: 'gcr.io/staging',
    to: ['us.gcr.io/prod/widgets', 'eu.gcr.io/prod/widgts'],
    images: { app: { [A]: ['v1'] } },
  },
});

async function check(settings: string | undefined, ...args: readonly string[]) {
  const directory = await testdir({ ...FILES, ...(settings === undefined ? {} : { '.cip.yaml': settings }) });
  return await runWithReport([`-thin-manifest-dir=${directory}`, '-parse-only', ...args]);
}

describe('levels of rules', () => {
  it.each<readonly [string | undefined, readonly string[], string, number]>([
    [undefined, [], 'warn', 0],
    ['rules: {destination-spelling: error}', [], 'error', 1],
    ['rules: {destination-spelling: off}', [], '', 0],
    ['rules: {destination-spelling: error}', ['-rule=destination-spelling=warn'], 'warn', 0],
    [undefined, ['-rule', 'destination-spelling=error', '-rule', 'owners=off'], 'error', 1],
  ])('with %j and %j are %s', async (settings, args, level, status) => {
    const run = await check(settings, ...args);
    const levels = run.report.findings.filter(({ rule }) => rule === 'destination-spelling');
    expect(levels.map((finding) => finding.level).join()).toBe(level);
    expect(run.status).toBe(status);
  });

  it('apply to lists of images that belong to no project', async () => {
    const orphan = { ...FILES, 'images/ap/images.yaml': '[]\n' };
    const call = async (level: string) => {
      const directory = await testdir({ ...orphan, '.cip.yaml': `rules: {orphan-images: ${level}}` });
      const { status, stderr } = await runCip([`-thin-manifest-dir=${directory}`, '-parse-only']);
      return { status, isNamed: stderr.includes('[orphan-images]') };
    };
    expect(await call('warn')).toEqual({ status: 0, isNamed: true });
    expect(await call('error')).toEqual({ status: 1, isNamed: true });
    expect(await call('off')).toEqual({ status: 0, isNamed: false });
  });

  it('are read beside a plain manifest', async () => {
    const text = `registries: [{name: gcr.io/s, src: true}, {name: us.gcr.io/prod/widgets}, {name: eu.gcr.io/prod/widgts}]\nimages: []\n`;
    const directory = await testdir({ 'm.yaml': text, '.cip.yaml': 'rules: {destination-spelling: error}' });
    expect((await runCip([`-manifest=${directory}/m.yaml`, '-parse-only'])).status).toBe(1);
    expect((await runCip(['-manifest=m.yaml', '-parse-only'], { cwd: directory })).status).toBe(1);
  });
});

describe('mistakes', () => {
  it.each([
    [
      'rules:\n  moving-tags: warn\n',
      '.cip.yaml:2:3: error: unknown key "moving-tags" in "rules": did you mean "moving-tag"?',
    ],
    ['rules: {owners: yes}', '.cip.yaml:1:17: error: "rules.owners" is "yes": expected off, warn, error'],
    ['rules: [', '.cip.yaml:1:9: error: not valid YAML'],
  ])('in %j end the run with their place', async (settings, message) => {
    const directory = await testdir({ ...FILES, '.cip.yaml': settings });
    const { status, stderr } = await runCip([`-thin-manifest-dir=${directory}`]);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });

  it('in -rule end the run', async () => {
    const directory = await testdir(FILES);
    const flag = `-thin-manifest-dir=${directory}`;
    const unknown = await runCip([flag, '-rule=ownrs=warn']);
    expect([unknown.status, unknown.stderr]).toEqual([2, expect.stringContaining('did you mean "owners"?')]);
    const sizeless = await runCip([flag, '-rule=max-image-size=error']);
    expect([sizeless.status, sizeless.stderr]).toEqual([2, expect.stringContaining('-max-image-size=MIB')]);
  });

  it('a file that is a directory or a link is refused', async () => {
    const folder = await testdir({ ...FILES, '.cip.yaml/x': '' });
    expect((await runCip([`-thin-manifest-dir=${folder}`, '-parse-only'])).status).toBe(2);
    const link = await testdir({ ...FILES, '.cip.yaml': { link: join('images', 'app', 'images.yaml') } });
    expect((await runCip([`-thin-manifest-dir=${link}`, '-parse-only'])).status).toBe(2);
  });
});
