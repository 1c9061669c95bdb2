import { withoutAttachmentTags } from '../../browse/filter-children.ts';
import type { Digest } from '../../image/digest.ts';
import type { SnapshotImage } from '../../image/snapshot-image.ts';
import type { BrowseOptions } from '../flags/options/browse-options.ts';

/** The images of a file, filtered as in a snapshot with these options, as far as a file shows it. */
export async function* filterImages(
  images: Iterable<SnapshotImage>,
  { tag, minimal }: Pick<BrowseOptions, 'tag' | 'minimal'>,
): AsyncGenerator<SnapshotImage, void, undefined> {
  for (const { name, digests } of images) {
    const kept = digests.flatMap(({ digest, tags }) => {
      if (tag !== undefined && !tags.includes(tag)) return [];
      const asked = tag === undefined ? tags : [tag];
      const own = minimal === 'attachments' ? withoutAttachmentTags(asked) : asked;
      return own === undefined ? [] : [{ digest, tags: own }];
    });
    if (kept.length > 0) yield { name, digests: kept };
  }
}

/** The digests that a side leaves out of an image, kept until that image is compared. */
export class ExcludedDigests {
  readonly #images = new Map<string, ReadonlySet<Digest>>();

  readonly add = (name: string, digests: ReadonlySet<Digest>): void => {
    this.#images.set(name, digests);
  };

  /** Those of an image. Drops them, and those of all images before it. */
  readonly take = (name: string): ReadonlySet<Digest> => {
    const digests = this.#images.get(name) ?? NONE;
    for (const other of this.#images.keys()) if (other <= name) this.#images.delete(other);
    return digests;
  };
}

const NONE: ReadonlySet<Digest> = new Set();
