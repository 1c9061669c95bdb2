import { formatPosition } from '../../base/position.ts';
import type { Digest } from '../../image/digest.ts';
import type { Tag } from '../../image/tag.ts';
import type { ImageEntry } from '../model.ts';
import { parseImages } from '../parse-images.ts';
import { SourceFile } from '../source-file.ts';
import { parseYaml } from '../yaml/parse-yaml.ts';
import { isNull } from '../yaml/yaml-tree.ts';
import { addImage, type ImageAddition } from './add-image.ts';
import { renderImageLines } from './render-entry.ts';

/** The result of editing a list of images. */
export type Edit =
  | { readonly kind: 'edited'; readonly text: string }
  /** The digest is there under the tag already. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Adds a digest, with or without a tag, to the text of a list of images. The result is parsed again and must hold the
 * old content and the addition, nothing else; other texts are refused. A tag is never moved.
 */
export function editImages(
  { file, text }: { readonly file: string; readonly text: string },
  addition: ImageAddition,
): Edit {
  const before = readList(file, text);
  if (before === undefined) return refuse(`${file} is no list of images: mend it first, see -parse-only`);
  const entries = before.images
    .filter(({ name }) => name === addition.name)
    .flatMap(({ digests }) => digests);
  const { digest, tag } = addition;
  if (tag !== undefined) {
    const claim = entries.find((entry) => entry.digest !== digest && tagsOf(entry).has(tag));
    if (claim !== undefined) {
      const at = formatPosition(claim.at);
      return refuse(
        `${addition.name}:${tag} is ${claim.digest} at ${at}: a tag is not moved, choose another tag for ${digest}`,
      );
    }
  }
  const known = entries.filter((entry) => entry.digest === digest);
  const isThere = known.some((entry) => tag === undefined || tagsOf(entry).has(tag));
  if (isThere) return { kind: 'unchanged' };
  const edited = addImage(new SourceFile(file, text), addition);
  const after = edited === undefined ? undefined : readList(file, edited);
  if (edited === undefined || after === undefined || !isExactly(after, before, addition))
    return refuseLayout(file, addition);
  return { kind: 'edited', text: edited };
}

interface ReadList {
  readonly images: readonly ImageEntry[];
  readonly problems: number;
}

function readList(file: string, text: string): ReadList | undefined {
  const source = new SourceFile(file, text);
  const root = parseYaml(source);
  if (root === undefined || (root.kind !== 'list' && !isNull(root))) return undefined;
  const images = root.kind === 'list' ? parseImages(root, source) : [];
  return { images, problems: source.problems.filter(({ severity }) => severity === 'error').length };
}

/** True where the one list is the other and the addition: no other image has changed, and nothing new is wrong. */
function isExactly(after: ReadList, before: ReadList, { name, digest, tag }: ImageAddition): boolean {
  const expected = contentOf(before.images);
  expected.add(formatEntry(name, digest, undefined));
  if (tag !== undefined) expected.add(formatEntry(name, digest, tag));
  const found = contentOf(after.images);
  return (
    after.problems === before.problems &&
    found.size === expected.size &&
    Array.from(found).every((entry) => expected.has(entry))
  );
}

function contentOf(images: readonly ImageEntry[]): Set<string> {
  return new Set(
    images.flatMap(({ name, digests }) =>
      digests.flatMap(({ digest, tags }) =>
        [undefined, ...tags.map(({ tag }) => tag)].map((tag) => formatEntry(name, digest, tag)),
      ),
    ),
  );
}

function formatEntry(name: string, digest: Digest, tag: Tag | undefined): string {
  return `${name} ${digest} ${tag ?? ''}`;
}

function tagsOf({ tags }: ImageEntry['digests'][number]): ReadonlySet<Tag> {
  return new Set(tags.map(({ tag }) => tag));
}

function refuseLayout(file: string, { name, digest, tag }: ImageAddition): Edit {
  const lines = renderImageLines(name, [{ digest, tags: tag === undefined ? [] : [tag] }]);
  return refuse(
    `${file} is written in a way that cannot be edited without other changes: add by hand ${lines.map((line) => line.trim()).join(' ')}`,
  );
}

function refuse(reason: string): Edit {
  return { kind: 'refused', reason };
}
