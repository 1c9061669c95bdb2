import { describe, expect, it } from 'vitest';
import { ByteBudget } from '../../../src/copy/blobs/byte-budget.ts';
import type { Descriptor } from '../../../src/image/descriptor.ts';
import { OCI_LAYER_GZIP } from '../../../src/image/media-types.ts';
import { digest } from '../../builders/manifests.ts';

/** A room whose size can change, and what has been kept in it so far that may go. */
function setUp(size: number) {
  const disk = { size };
  const idle: Descriptor[] = [];
  const room: ByteBudget = new ByteBudget({
    measure: async () => disk.size,
    evict: () => {
      const oldest = idle.shift();
      if (oldest !== undefined) room.give(oldest);
      return oldest !== undefined;
    },
  });
  return { disk, idle, room };
}

function blobOf(size: number): Descriptor {
  return { mediaType: OCI_LAYER_GZIP, digest: digest('a'), size };
}

describe('room', () => {
  it('is refused at once for what is larger than all of it, though others wait', async () => {
    const { room } = setUp(10);
    await room.take(blobOf(10));
    void room.take(blobOf(1));
    expect(await room.take(blobOf(11))).toBe(false);
  });

  it('is not taken by what it has become too small for', async () => {
    const { room, disk } = setUp(10);
    await room.take(blobOf(6));
    const waiting = room.take(blobOf(8));
    await turn();
    disk.size = 7;
    void room.take(blobOf(7)); // it has the disk looked at once more
    expect(await waiting).toBe(false);
    room.give(blobOf(6));
    await turn();
    room.give(blobOf(7));
    expect(await room.take(blobOf(7))).toBe(true);
  });

  it('is made of any number of small blobs that nobody uses', async () => {
    const SMALL_ONES = 20_000;
    const small = blobOf(1);
    const { room, idle } = setUp(SMALL_ONES);
    for (let number = 0; number < SMALL_ONES; number++) {
      await room.take(small);
      idle.push(small);
    }
    expect(await room.take(blobOf(SMALL_ONES))).toBe(true);
    expect(idle).toEqual([]);
  });
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
