// Covers src/copy/sent-bytes.ts

import { describe, expect, it } from 'vitest';
import type { CopyEvents } from '../../src/copy/copy-events.ts';
import { RegistryError } from '../../src/ports/registry-error.ts';
import { image } from '../builders/images.ts';
import { from } from '../builders/manifests.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { RecordingProgress } from '../doubles/recording-progress.ts';
import { carryOut, plan } from './promoting.ts';

const A = image({ seed: 'a', layers: 2 });
const a = A.manifest.digest;
const SIZE = A.blobs.reduce((sum, { bytes }) => sum + bytes.length, 0);

/** Events as lines, in the order in which they come. */
function recorder() {
  const lines: string[] = [];
  const events: CopyEvents = {
    edgeEnded: ({ destination, tag }, { result }) => lines.push(`edge ${destination}:${tag} ${result}`),
    imageEnded: ({ destination, edges, bytes }) => {
      const results = edges.map(({ item, outcome }) => `${item.tag ?? 'no tag'} ${outcome.result}`);
      lines.push(`image ${destination}: ${results.join(', ')}: ${bytes} bytes`);
    },
  };
  return { lines, events };
}

function staged(...tags: readonly string[]) {
  const registry = new MemoryRegistry();
  registry.push('s.io/s/app', A);
  return {
    registry,
    manifest: from('s.io/s')
      .to('p.io/p', 'p.io/q')
      .promote({ app: { [a]: tags } }),
  };
}

describe('an image that was copied', () => {
  it('is reported when it has ended, after each of its tags, with the bytes that were sent', async () => {
    const { registry, manifest } = staged('v1', 'v1.0');
    const { lines, events } = recorder();
    await carryOut(await plan(registry, manifest), { events });
    expect(lines.filter((line) => line.includes('p.io/p'))).toEqual([
      'edge p.io/p/app:v1 copied',
      'edge p.io/p/app:v1.0 copied',
      `image p.io/p/app: v1 copied, v1.0 copied: ${SIZE} bytes`,
    ]);
    // the blobs of the second repository of the host are mounted
    expect(lines).toContain('image p.io/q/app: v1 copied, v1.0 copied: 0 bytes');
  });

  it('without a tag is reported too', async () => {
    const { registry, manifest } = staged();
    const { lines, events } = recorder();
    await carryOut(await plan(registry, manifest), { events });
    expect(lines).toContain(`image p.io/p/app: no tag copied: ${SIZE} bytes`);
  });

  it('shows its blobs while they are sent', async () => {
    const { registry, manifest } = staged('v1', 'v1.0');
    const progress = new RecordingProgress();
    await carryOut(await plan(registry, manifest), { progress });
    const sizes = A.blobs.map(({ bytes }) => `app:v1 at p.io: ${bytes.length} of ${bytes.length} sent`);
    expect(progress.blobs.toSorted()).toEqual(sizes.toSorted());
  });
});

describe('an image that was not copied', () => {
  it('is reported with what failed, and sent nothing', async () => {
    const { registry, manifest } = staged('v1');
    const { lines, events } = recorder();
    const planned = await plan(registry, manifest);
    const denied = new RegistryError('unauthorized', 'no right to push', { status: 403 });
    registry.atCall(({ verb }) => {
      if (verb === 'finish') throw denied;
    });
    await carryOut(planned, { events });
    expect(lines).toContain('edge p.io/p/app:v1 failed');
    expect(lines).toContain('image p.io/p/app: v1 failed: 0 bytes');
  });
});
