import type { Digest } from '../../image/digest.ts';
import type { ImageName } from '../../image/repository.ts';
import type { Tag } from '../../image/tag.ts';
import { parseImages } from '../parse-images.ts';
import { SourceFile } from '../source-file.ts';
import { parseYaml } from '../yaml/parse-yaml.ts';
import { isNull, type YamlNode } from '../yaml/yaml-tree.ts';

/** Three versions of a file, as a merge driver of git gets them. */
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

/** Undefined for a text that is no list of images, or more than one document. */
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

/** The entries of one list that another one lacks. */
export function entriesWithout({ entries }: ListContent, other: ListContent): readonly ListEntry[] {
  return Array.from(entries)
    .filter(([key]) => !other.entries.has(key))
    .map(([, entry]) => entry);
}
