import type { Digest } from '../../image/digest.ts';
import type { SnapshotDigest, SnapshotImage } from '../../image/snapshot-image.ts';
import type { Tag } from '../../image/tag.ts';

/** A difference between two registries. */
export type Difference =
  | {
      readonly kind: 'only-in-a' | 'only-in-b';
      readonly image: string;
      readonly digest: Digest;
      readonly tags: readonly Tag[];
    }
  /**
   * A tag with different digests, or a tag that only one side has for a digest of both sides. The tags of a digest that
   * only one side has belong to that difference.
   */
  | {
      readonly kind: 'tag';
      readonly image: string;
      readonly tag: Tag;
      readonly a: Digest | undefined;
      readonly b: Digest | undefined;
    };

/** The differences between two images of one name: digests first, then tags, each sorted. */
export function compareImages(a: SnapshotImage | undefined, b: SnapshotImage | undefined): Difference[] {
  const image = (a ?? b)?.name ?? '';
  const sides = { a: sideOf(a), b: sideOf(b) };
  const onlyInA = missingIn(sides.b, sides.a).map(
    (entry) => ({ kind: 'only-in-a', image, ...entry }) as const,
  );
  const onlyInB = missingIn(sides.a, sides.b).map(
    (entry) => ({ kind: 'only-in-b', image, ...entry }) as const,
  );
  return [...onlyInA, ...onlyInB, ...compareTags(image, sides)];
}

interface Side {
  readonly digests: readonly SnapshotDigest[];
  readonly known: ReadonlySet<Digest>;
  readonly tags: ReadonlyMap<Tag, Digest>;
}

function sideOf(image: SnapshotImage | undefined): Side {
  const digests = image?.digests ?? [];
  return {
    digests,
    known: new Set(digests.map(({ digest }) => digest)),
    tags: new Map(digests.flatMap(({ digest, tags }) => tags.map((tag) => [tag, digest] as const))),
  };
}

function missingIn({ known }: Side, { digests }: Side): SnapshotDigest[] {
  return digests.filter(({ digest }) => !known.has(digest));
}

function compareTags(image: string, { a, b }: { a: Side; b: Side }): Difference[] {
  const tags = Array.from(new Set([...a.tags.keys(), ...b.tags.keys()])).toSorted();
  return tags.flatMap((tag): Difference[] => {
    const [inA, inB] = [a.tags.get(tag), b.tags.get(tag)];
    if (inA === inB) return [];
    const isTold = (inA === undefined && !isIn(a, inB)) || (inB === undefined && !isIn(b, inA));
    return isTold ? [] : [{ kind: 'tag', image, tag, a: inA, b: inB }];
  });
}

function isIn({ known }: Side, digest: Digest | undefined): boolean {
  return digest !== undefined && known.has(digest);
}

/** Counts the differences that pass through. */
export class DiffCounter {
  readonly counts: Record<Difference['kind'], number> = { 'only-in-a': 0, 'only-in-b': 0, tag: 0 };

  get isEqual(): boolean {
    return Object.values(this.counts).every((count) => count === 0);
  }

  async *count(differences: AsyncIterable<Difference>): AsyncGenerator<Difference, void, undefined> {
    for await (const difference of differences) {
      this.counts[difference.kind] += 1;
      yield difference;
    }
  }
}
