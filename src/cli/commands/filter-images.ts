import type { SnapshotImage } from '../../image/snapshot-image.ts';
import { withoutAttachmentTags } from '../../browse/filter-children.ts';
import type { BrowseOptions } from '../flags/options/snapshot-options.ts';

/** The images of a file as they would be in a snapshot with these options, as far as a file can tell. */
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
