import { describe, expect, it } from 'vitest';
import { createLogger } from '../../../src/cli/output/logger.ts';
import { showProgress } from '../../../src/cli/progress/show-progress.ts';
import { StatusArea } from '../../../src/cli/progress/status-area.ts';
import type { BlobProgress } from '../../../src/ports/progress.ts';
import { FakeTerminal } from '../../doubles/fake-terminal.ts';
import { FakeTime } from '../../doubles/fake-time.ts';

const MB = 1_000_000;

/** A terminal that shows the copy of some images; its time passes when a test says so. */
function start({ images, columns = 80 }: { readonly images: number; readonly columns?: number }) {
  const terminal = new FakeTerminal(columns);
  const status = new StatusArea(terminal);
  const time = new FakeTime();
  const log = createLogger({ err: status }, { level: 'info', format: 'text' }, () => time.now());
  const traffic = { hosts: () => new Map() };
  const shown = showProgress('live', { traffic, status, log, now: () => time.now(), timers: time });
  shown.progress.begin('copy', images);
  const send = (name: string, size: number, host = 'eu.gcr.io') => {
    const blob = shown.progress.beginImage({ name, host }).beginBlob(size);
    blob.restart();
    return blob;
  };
  return { ...shown, terminal, time, send };
}

/** Seconds in which each of the blobs gets some bytes. */
function pass(time: FakeTime, seconds: number, ...blobs: readonly (readonly [BlobProgress, number])[]): void {
  for (let second = 0; second < seconds; second++) {
    for (const [blob, bytes] of blobs) blob.advance(bytes);
    time.pass(1000);
  }
}

describe('the bytes of a promotion', () => {
  it('are shown with their rate, the time left, and the largest blobs in flight', () => {
    const { terminal, time, send } = start({ images: 4 });
    const big = send('big:v1.0', 60 * MB, 'us.gcr.io');
    const middle = send('middle:v2', 40 * MB);
    const [small, tiny] = [send('small:v3', 10 * MB), send('tiny:v4', MB)];
    pass(time, 20, [big, 2.1 * MB], [middle, 1 * MB], [small, 100_000], [tiny, 1000]);
    expect(terminal.screen).toEqual([
      'promoting 0/4 images, 64/111 MB, 3.2 MB/s, ETA 15s',
      '  big:v1.0 42/60 MB 2.1 MB/s  us.gcr.io',
      '  middle:v2 20/40 MB 1.0 MB/s  eu.gcr.io',
      '  small:v3 2.0/10 MB 0.1 MB/s  eu.gcr.io',
    ]);
  });

  it('have no final total, and no time left of their own, while manifests are left to read', () => {
    const { terminal, time, send } = start({ images: 600 });
    const blob = send('app:v1', 2500 * MB);
    pass(time, 30, [blob, 10 * MB]);
    expect(terminal.screen[0]).toBe('promoting 0/600 images, 0.3/2.5+ GB, 9.9 MB/s');
  });

  it('count those of finished blobs, not those of blobs that failed or were mounted', () => {
    const { terminal, time, send, progress } = start({ images: 3 });
    const [sent, mounted, open] = [send('a:v1', 10 * MB), send('b:v1', 20 * MB), send('c:v1', 30 * MB)];
    sent.advance(10 * MB);
    sent.end(true);
    mounted.end(false);
    progress.advance(2);
    pass(time, 2, [open, 3 * MB]);
    expect(terminal.screen.slice(0, 2)).toEqual([
      'promoting 2/3 images, 16/40 MB, 7.9 MB/s',
      '  c:v1 6.0/30 MB 3.0 MB/s  eu.gcr.io',
    ]);
  });

  it('never fall, though an attempt begins anew', () => {
    const { terminal, time, send } = start({ images: 1 });
    const blob = send('a:v1', 60 * MB);
    pass(time, 3, [blob, 10 * MB]);
    blob.restart();
    pass(time, 1, [blob, 5 * MB]);
    expect(terminal.screen).toEqual([
      expect.stringMatching(/^promoting 0\/1 images, 30\/60 MB, /),
      '  a:v1 5.0/60 MB 5.0 MB/s  eu.gcr.io',
    ]);
  });

  it.each([80, 200])('keep to %i columns, with the figures of an image that has a long name', (columns) => {
    const { terminal, time, send } = start({ images: 1, columns });
    const host = 'northamerica-northeast1-docker.pkg.dev';
    const blob = send(`${'kube-controller-manager-'.repeat(3)}:v1.31.0-alpha.1`, 60 * MB, host);
    pass(time, 2, [blob, 3 * MB]);
    const line = terminal.screen[1] ?? '';
    expect(line).toContain('… 6.0/60 MB 3.0 MB/s');
    expect(line.length).toBeLessThan(columns);
    expect(line.endsWith(host)).toBe(columns === 200);
  });

  it('are not shown before the first blob', () => {
    const { terminal, time, progress } = start({ images: 4 });
    progress.beginImage({ name: 'a:v1', host: 'eu.gcr.io' });
    time.pass(1000);
    expect(terminal.screen).toEqual(['promoting 0/4 (0%), 0.0/s']);
  });
});
