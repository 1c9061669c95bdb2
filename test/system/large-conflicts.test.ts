import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip } from '../doubles/run-cip.ts';
import { plainManifest } from './staging.ts';

const TIMEOUT_MS = 120_000;

/** Digests that all want one tag, in these registries. */
function contested(count: number, registries = 1): string {
  const dmap = Array.from(
    { length: count },
    (_, seed) => [digestOf(Buffer.from(`${seed}`)), ['v1']] as const,
  );
  const to = Array.from({ length: registries }, (_, index) => `127.0.0.1:1/prod${index}`);
  return plainManifest({ from: '127.0.0.1:1/staging', to, images: { app: Object.fromEntries(dmap) } });
}

/** What a run with a small heap leaves behind, in bytes. */
async function sizesOf(command: readonly string[], manifest: string) {
  const cwd = await testdir({ 'm.yaml': manifest });
  const args = [...command, '-manifest=m.yaml', '-report=r.json', '-report-markdown=r.md'];
  const env = { NODE_OPTIONS: '--max-old-space-size=192' };
  const { status, stderr, report } = await runCip(args, { cwd, env });
  const sizeOf = (file: string) => statSync(join(cwd, file)).size;
  return { status, stderr, report, json: sizeOf('r.json'), markdown: sizeOf('r.md') };
}

describe('digests that want one tag', { timeout: TIMEOUT_MS }, () => {
  it.each([
    ['-parse-only', 4_000],
    ['-parse-only', 20_000],
    ['-dry-run', 20_000],
  ])('are one line of the log and a report in proportion: %s of %i', async (flag, count) => {
    const text = contested(count);
    const { status, stderr, report, json, markdown } = await sizesOf([flag], text);
    expect(status).toBe(1);
    expect(report?.summary).toMatchObject({ edges: count, conflict: count });
    expect(stderr.match(/^ERROR +conflict .*$/gm)).toEqual([
      expect.stringMatching(new RegExp(`and for ${count - 11} more digests \\(m\\.yaml:\\d+:\\d+\\)$`)),
    ]);
    expect(stderr.length).toBeLessThan(10_000);
    expect(json).toBeLessThan(25 * text.length);
    expect(markdown).toBeLessThan(70_000);
  });

  it('of which every one is an item, with its place and the first of the others', async () => {
    const { report } = await sizesOf(['-parse-only'], contested(4_000));
    expect(new Set(report?.items.map(({ digest }) => digest)).size).toBe(4_000);
    for (const { decision, reason, at } of report?.items ?? []) {
      expect(decision).toBe('conflict');
      expect(reason.match(/sha256:\w+ at m\.yaml:\d+:\d+/g)).toHaveLength(10);
      expect(at).toMatch(/^m\.yaml:\d+:\d+$/);
    }
  });

  it('are one line for all registries', async () => {
    const { stderr } = await sizesOf(['-parse-only'], contested(1_000, 22));
    expect(stderr.match(/^ERROR +conflict /gm)).toEqual([expect.any(String)]);
  });

  it('are one line of a verification, too', async () => {
    const { status, stderr } = await sizesOf(['verify'], contested(20_000));
    expect(status).toBe(1);
    expect(stderr.match(/^ERROR +conflict /gm)).toHaveLength(1);
    expect(stderr.length).toBeLessThan(10_000);
  });

  it('named at thousands of places are told with a few of them', async () => {
    const one = digestOf(Buffer.from('one'));
    const entry = (digest: string) => `- name: app\n  dmap: {"${digest}": [v1]}\n`;
    const head = plainManifest({ from: '127.0.0.1:1/s', to: ['127.0.0.1:1/p'], images: {} });
    const text = head + entry(digestOf(Buffer.from('two'))) + entry(one).repeat(10_000);
    const { stderr, json } = await sizesOf(['-parse-only'], text);
    expect(stderr).toContain(' and more places');
    expect(stderr.length).toBeLessThan(10_000);
    expect(json).toBeLessThan(10_000);
  });
});
