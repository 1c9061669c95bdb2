import type { Digest } from '../../image/digest.ts';
import type { ImageName } from '../../image/repository.ts';
import type { Tag } from '../../image/tag.ts';
import { parseImages } from '../parse-images.ts';
import { SourceFile } from '../source-file.ts';
import { parseYaml } from '../yaml/parse-yaml.ts';
import { isNull, type YamlNode } from '../yaml/yaml-tree.ts';

/** The three versions of a file that git gives to a merge driver. */
export interface ThreeTexts {
  readonly base: string;
  readonly ours: string;
  readonly theirs: string;
}

/** One edge of a list: an image under a tag, or without one. */
export interface ListEntry {
  readonly name: ImageName;
  readonly digest: Digest;
  readonly tag: Tag | undefined;
}

/** The content of a list of images. A digest is an entry without a tag, and one for each of its tags. */
export interface ListContent {
  readonly text: string;
  readonly root: YamlNode;
  readonly entries: ReadonlyMap<string, ListEntry>;
  /** Malformed and repeated entries, which are not in `entries`. */
  readonly faults: number;
  /** Images without digests, which are not in `entries`. */
  readonly empty: ReadonlySet<ImageName>;
}

/** Undefined for a text that is not a list of images, or has several documents. */
export function readListContent(text: string): ListContent | undefined {
  const source = new SourceFile('', text);
  const root = parseYaml(source);
  if (root === undefined || (root.kind !== 'list' && !isNull(root))) return undefined;
  if (source.problems.some(({ rule }) => rule === 'second-document')) return undefined;
  const images = root.kind === 'list' ? parseImages(root, source) : [];
  const entries = images.flatMap(({ name, digests }) =>
    digests.flatMap(({ digest, tags }) =>
      [undefined, ...tags.map(({ tag }) => tag)].map((tag) => ({ name, digest, tag })),
    ),
  );
  return {
    text,
    root,
    entries: new Map(entries.map((entry) => [keyOf(entry), entry])),
    faults: source.problems.filter(({ severity }) => severity === 'error').length,
    empty: new Set(images.filter(({ digests }) => digests.length === 0).map(({ name }) => name)),
  };
}

export function keyOf({
  name,
  digest,
  tag,
}: Readonly<Record<'name' | 'digest', string>> & { readonly tag: string | undefined }): string {
  return `${name} ${digest} ${tag ?? ''}`;
}

/** The entries of a list that are not in another one. */
export function entriesWithout({ entries }: ListContent, other: ListContent): readonly ListEntry[] {
  return Array.from(entries)
    .filter(([key]) => !other.entries.has(key))
    .map(([, entry]) => entry);
}
