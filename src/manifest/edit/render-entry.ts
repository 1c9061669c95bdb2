import { compareText } from '../../base/sorted.ts';
import type { Digest } from '../../image/digest.ts';
import type { Tag } from '../../image/tag.ts';

/** A digest and its tags; none is a digest without tags. */
export interface DigestTags {
  readonly digest: Digest;
  readonly tags: readonly Tag[];
}

/** The sort keys of a digest in each order that a `dmap` may have: by digest, or by its smallest tag. */
export function digestKeys(digest: string, tags: readonly string[]): readonly string[] {
  return [digest, `${tags.toSorted(compareText)[0] ?? ''}\n${digest}`];
}

/** An image of a list of images, in the style of snapshots: lines without the last line break. */
export function renderImageLines(name: string, digests: readonly DigestTags[]): readonly string[] {
  return [`- name: ${yamlName(name)}`, '  dmap:', ...digests.map((entry) => `    ${renderDmapEntry(entry)}`)];
}

/** The same as JSON on one line, for a list in brackets. */
export function renderImageFlow(name: string, digests: readonly DigestTags[]): string {
  return `{"name": "${name}", "dmap": ${renderDmapFlow(digests)}}`;
}

export function renderDmapFlow(digests: readonly DigestTags[]): string {
  return `{${digests.map(renderDmapEntry).join(', ')}}`;
}

/** The grammars of digests and tags leave nothing to escape. */
export function renderDmapEntry({ digest, tags }: DigestTags): string {
  return `"${digest}": ${renderTags(tags)}`;
}

export function renderTags(tags: readonly Tag[]): string {
  return `[${tags.map(renderTag).join(', ')}]`;
}

export function renderTag(tag: Tag): string {
  return `"${tag}"`;
}

/** Of all names, the one that YAML takes for something else where text is expected: readers in Go see no name in it. */
function yamlName(name: string): string {
  return name === 'null' ? '"null"' : name;
}
