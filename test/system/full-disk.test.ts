import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PromotionReport } from '../../src/report/report.ts';
import { image, layer, push } from '../builders/images.ts';
import { temporaryDirectory } from '../doubles/run-cip.ts';
import { repositoryRoot } from '../doubles/tools.ts';
import { embedded, manifestFlag } from './staging.ts';

/** Bytes: more than the limit on files below. */
const LARGE = 3 * 1024 * 1024;
const APP = image({ seed: 'full disk', layers: [layer('full disk', LARGE), layer('small')] });

/** An image for two registries. */
async function world() {
  const source = await embedded();
  const destinations = [await embedded(), await embedded()];
  const digest = push(source, 'staging/app', APP);
  const flag = await manifestFlag({
    from: `${source.host}/staging`,
    to: destinations.map(({ host }) => `${host}/prod`),
    images: { app: { [digest]: ['v1'] } },
  });
  const promoted = () => destinations.filter(({ store }) => store.resolveTag('prod/app', 'v1') === digest);
  return { flag, promoted };
}

/** Runs the program in a shell: `before` it, and with redirections `after` it. */
async function runInShell(
  args: readonly string[],
  { before = ':', after = '' }: { readonly before?: string; readonly after?: string },
) {
  const program = [process.execPath, join(repositoryRoot(), 'bin', 'cip.js'), ...args];
  const child = spawn('sh', ['-c', `${before}; exec "$0" "$@" ${after}`, ...program], {
    env: { PATH: process.env['PATH'], HOME: temporaryDirectory(), TMPDIR: temporaryDirectory() },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const status = new Promise<number | null>((done) => child.once('close', done));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await status, stdout, stderr };
}

describe.skipIf(process.platform === 'win32')('a disk that fills while the spool is written', () => {
  it('is done without: every host gets what it wants, and people are told once', async () => {
    const { flag, promoted } = await world();
    const { status, stdout, stderr } = await runInShell([flag, '-confirm', '-report=-'], {
      before: 'ulimit -f 2048', // blocks of 512 bytes, or of 1024
    });
    expect(status, stderr).toBe(0);
    const report: PromotionReport = JSON.parse(stdout);
    expect(report.summary).toMatchObject({ copied: 2, failed: 0 });
    expect(promoted()).toHaveLength(2);
    expect(stderr.match(/no room in the spool/g)).toHaveLength(1);
  });
});

describe.skipIf(!existsSync('/dev/full'))('a disk that is full', () => {
  it.each([['text'], ['json']])(
    'for the log, as %s, costs neither the report nor the exit code',
    async (format) => {
      const { flag, promoted } = await world();
      const args = [flag, '-confirm', '-report=-', `-log-format=${format}`];
      const { status, stdout } = await runInShell(args, { after: '2>/dev/full' });
      expect(status).toBe(0);
      const report: PromotionReport = JSON.parse(stdout);
      expect(report.summary).toMatchObject({ copied: 2, failed: 0 });
      expect(promoted()).toHaveLength(2);
      const verified = await runInShell(['verify', flag, `-log-format=${format}`], { after: '2>/dev/full' });
      expect(verified.status).toBe(0);
    },
  );

  it('for the log leaves the exit code of what cannot be used as it is', async () => {
    expect((await runInShell(['-no-such-flag'], { after: '2>/dev/full' })).status).toBe(2);
  });

  it.each([
    ['the report', ['-report=/dev/full'], ''],
    ['the report on stdout', ['-report=-'], '>/dev/full'],
    ['the other report', ['-report-markdown=/dev/full'], ''],
    ['the page', ['-report-html=/dev/full'], ''],
  ])('for %s ends with 1 and its reason, after all has been promoted', async (_what, flags, after) => {
    const { flag, promoted } = await world();
    const { status, stderr } = await runInShell([flag, '-confirm', ...flags], { after });
    expect(status).toBe(1);
    expect(stderr).toMatch(/cannot write the report .*ENOSPC/);
    expect(promoted()).toHaveLength(2);
  });

  it('for a snapshot ends with 1 and its reason', async () => {
    const registry = await embedded();
    push(registry, 'app', APP, 'v1');
    const { status, stderr } = await runInShell([`-snapshot=${registry.host}`], { after: '>/dev/full' });
    expect(status).toBe(1);
    expect(stderr).toContain('ENOSPC');
  });
});
