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
        tags: tags.filter((tag) => globs.some((glob) => matches(glob, tag))),
      }))
      .filter(({ tags }) => tags.length > 0);
    if (digests.length > 0) yield { ...image, digests };
  }
}

/** Whether a text matches a glob: `*` is any text, `?` any one character. Takes a time of their lengths multiplied. */
export function matches(glob: string, text: string): boolean {
  let [g, t] = [0, 0];
  let star: { readonly glob: number; text: number } | undefined;
  while (t < text.length) {
    if (glob[g] === '*') {
      star = { glob: g, text: t };
      g += 1;
    } else if (glob[g] === '?' || glob[g] === text[t]) {
      g += 1;
      t += 1;
    } else if (star !== undefined) {
      star.text += 1; // the last star takes one character more
      g = star.glob + 1;
      t = star.text;
    } else return false;
  }
  while (glob[g] === '*') g += 1;
  return g === glob.length;
}
