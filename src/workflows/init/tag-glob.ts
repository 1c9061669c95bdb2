import { matchesGlob } from '../../base/text.ts';
import type { SnapshotImage } from '../../image/snapshot-image.ts';

/** The images with the tags that match one of some globs; digests without such a tag are left out. No glob keeps all. */
export async function* withTags(
  images: AsyncIterable<SnapshotImage>,
  globs: readonly string[],
): AsyncGenerator<SnapshotImage, void, undefined> {
  for await (const image of images) {
    if (globs.length === 0) {
      yield image;
      continue;
    }
    const digests = image.digests
      .map(({ digest, tags }) => ({
        digest,
        tags: tags.filter((tag) => globs.some((glob) => matchesGlob(glob, tag))),
      }))
      .filter(({ tags }) => tags.length > 0);
    if (digests.length > 0) yield { ...image, digests };
  }
}
