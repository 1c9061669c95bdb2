import { InputFault } from '../../base/errors.ts';
import type { Digest } from '../../image/digest.ts';
import { makeSnapshotImage, type SnapshotDigest, type SnapshotImage } from '../../image/snapshot-image.ts';
import { compareImages, type Difference } from './compare.ts';

/** Two registries could not be compared. */
export class DiffError extends InputFault<'not-compared'> {}

export interface DiffSide {
  /** The side as the user wrote it. */
  readonly title: string;
  /** Sorted by name. */
  readonly images: AsyncIterable<SnapshotImage>;
  /** Unreadable images, which `images` lacks. Checked while the images are read. */
  readonly gaps: Gaps;
  /** Untagged digests of an image that are ignored on both sides. Default: none. */
  readonly leftOut?: ((name: string) => ReadonlySet<Digest>) | undefined;
  /**
   * Queries digests for a side whose `images` do not show all digests. If it fails, the image becomes a gap. Default: no
   * digest is found.
   */
  readonly seek?: ((name: string, digests: readonly Digest[]) => Promise<readonly Digest[]>) | undefined;
}

export interface Gaps {
  readonly everything: boolean;
  has(name: string): boolean;
}

/**
 * The differences between two sides, sorted by image name. An image that one side could not read is not compared. Throws
 * a `DiffError` if a side could not be read at all.
 */
export async function* findDifferences(
  a: DiffSide,
  b: DiffSide,
): AsyncGenerator<Difference, void, undefined> {
  for await (const { name, inA, inB } of sideBySide(a.images, b.images)) {
    refuseNothing(a);
    refuseNothing(b);
    if (a.gaps.has(name) || b.gaps.has(name)) continue;
    const leftOut = [a.leftOut?.(name) ?? NONE, b.leftOut?.(name) ?? NONE];
    const counted = { a: counting(inA, leftOut), b: counting(inB, leftOut) };
    const [wholeA, wholeB] = await Promise.all([
      withSought(a, { name, own: counted.a, other: counted.b }),
      withSought(b, { name, own: counted.b, other: counted.a }),
    ]);
    if (a.gaps.has(name) || b.gaps.has(name)) continue;
    yield* compareImages(wholeA, wholeB);
  }
  refuseNothing(a);
  refuseNothing(b);
}

const NONE: ReadonlySet<Digest> = new Set();

/** An image without the ignored digests. */
function counting(
  image: SnapshotImage | undefined,
  leftOut: readonly ReadonlySet<Digest>[],
): SnapshotImage | undefined {
  if (image === undefined || leftOut.every(({ size }) => size === 0)) return image;
  const counts = ({ digest, tags }: SnapshotDigest) =>
    tags.length > 0 || !leftOut.some((digests) => digests.has(digest));
  return { ...image, digests: image.digests.filter(counts) };
}

/** An image with the digests of the other side that its own side has but does not show. */
async function withSought(
  { seek }: DiffSide,
  { name, own, other }: { name: string; own: SnapshotImage | undefined; other: SnapshotImage | undefined },
): Promise<SnapshotImage | undefined> {
  if (seek === undefined || other === undefined) return own;
  const shown = own?.digests ?? [];
  const known = new Set(shown.map(({ digest }) => digest));
  const expected = other.digests.map(({ digest }) => digest).filter((digest) => !known.has(digest));
  if (expected.length === 0) return own;
  const found = await seek(name, expected);
  const digests = new Map(shown.map(({ digest, tags }) => [digest, tags]));
  for (const digest of found) digests.set(digest, []);
  return makeSnapshotImage(name, digests);
}

interface Pair {
  readonly name: string;
  readonly inA: SnapshotImage | undefined;
  readonly inB: SnapshotImage | undefined;
}

async function* sideBySide(
  a: AsyncIterable<SnapshotImage>,
  b: AsyncIterable<SnapshotImage>,
): AsyncGenerator<Pair, void, undefined> {
  const [left, right] = [new Reader(a), new Reader(b)];
  try {
    for (;;) {
      const [headA, headB] = await bothHeads(left, right);
      const name = leastName(headA, headB);
      if (name === undefined) return;
      const inA = headA?.name === name ? left.take() : undefined;
      const inB = headB?.name === name ? right.take() : undefined;
      yield { name, inA, inB };
    }
  } finally {
    await Promise.all([left.close(), right.close()]);
  }
}

/** Reads both sides at the same time. If one fails, the other is awaited. */
async function bothHeads(left: Reader, right: Reader) {
  const [a, b] = await Promise.allSettled([left.head(), right.head()]);
  if (a.status === 'rejected') throw a.reason;
  if (b.status === 'rejected') throw b.reason;
  return [a.value, b.value] as const;
}

function leastName(a: SnapshotImage | undefined, b: SnapshotImage | undefined): string | undefined {
  if (a === undefined || b === undefined) return (a ?? b)?.name;
  return a.name < b.name ? a.name : b.name;
}

/** Images one at a time; the next one can be read before it is taken. */
class Reader {
  readonly #iterator: AsyncIterator<SnapshotImage>;
  #head: SnapshotImage | undefined;

  constructor(images: AsyncIterable<SnapshotImage>) {
    this.#iterator = images[Symbol.asyncIterator]();
  }

  async head(): Promise<SnapshotImage | undefined> {
    if (this.#head === undefined) {
      const next = await this.#iterator.next();
      this.#head = next.done ? undefined : next.value;
    }
    return this.#head;
  }

  take(): SnapshotImage | undefined {
    const head = this.#head;
    this.#head = undefined;
    return head;
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }
}

function refuseNothing({ title, gaps }: DiffSide): void {
  if (gaps.everything) throw new DiffError('not-compared', `cannot compare with ${title}: it cannot be read`);
}
