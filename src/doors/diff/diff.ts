import type { SnapshotImage } from '../../image/snapshot-image.ts';
import { compareImages, type Difference } from './compare.ts';
import { DiffError } from './diff-error.ts';

export interface DiffSide {
  /** As the user wrote it. */
  readonly title: string;
  /** In the order of their names. */
  readonly images: AsyncIterable<SnapshotImage>;
  /** What is known not to be known: its name was left out of the images, or everything was. Asked as they come. */
  readonly gaps: Gaps;
}

export interface Gaps {
  readonly everything: boolean;
  has(name: string): boolean;
}

/**
 * In what two sides differ, image by image in the order of the names. An image that one side could not read is in
 * neither. Throws a `DiffError` where a side could not be read at all.
 */
export async function* findDifferences(
  a: DiffSide,
  b: DiffSide,
): AsyncGenerator<Difference, void, undefined> {
  for await (const { name, inA, inB } of sideBySide(a.images, b.images)) {
    refuseNothing(a);
    refuseNothing(b);
    if (a.gaps.has(name) || b.gaps.has(name)) continue;
    yield* compareImages(inA, inB);
  }
  refuseNothing(a);
  refuseNothing(b);
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

/** Both sides are read at the same time; when one fails, the other is not left behind. */
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

/** Images one at a time, the first of them to be looked at before it is taken. */
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
