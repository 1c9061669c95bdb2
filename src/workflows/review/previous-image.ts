import { compare, parse, type SemVer } from 'semver';
import type { Position } from '../../base/position.ts';
import { compareText } from '../../base/sorted.ts';
import type { WantList } from '../../edges/wanted.ts';
import type { Digest } from '../../image/digest.ts';
import type { Tag } from '../../image/tag.ts';

/** The image that was promoted before a new one. */
export interface Previous {
  readonly digest: Digest;
  readonly tag: Tag | undefined;
  readonly chosenBy: 'version' | 'order';
}

interface Entry {
  readonly digest: Digest;
  readonly tag: Tag | undefined;
  readonly at: Position;
}

/**
 * The image promoted before the one with these tags: the highest version below its highest version, else the last entry of
 * the list of images. Undefined for the first image of a repository.
 */
export function previousOf(tags: readonly Tag[], promoted: WantList): Previous | undefined {
  const entries = entriesOf(promoted);
  const byVersion = highestBelow(highestVersion(tags), entries);
  if (byVersion !== undefined) return { ...byVersion, chosenBy: 'version' };
  const [first, ...others] = entries;
  if (first === undefined) return undefined;
  const last = others.reduce(
    (latest, entry) => (comparePositions(entry.at, latest.at) > 0 ? entry : latest),
    first,
  );
  return { digest: last.digest, tag: last.tag, chosenBy: 'order' };
}

/** The version of a tag, with or without `v`; `1.2` is `1.2.0`. Null for other tags. */
export function versionOf(tag: string): SemVer | null {
  const short = /^v?(\d{1,9})(?:\.(\d{1,9}))?$/.exec(tag);
  return parse(short === null ? tag : `${short[1]}.${short[2] ?? 0}.0`);
}

/** The highest version among tags. */
function highestVersion(tags: readonly Tag[]): SemVer | undefined {
  const versions = tags.map(versionOf).filter((version) => version !== null);
  return versions.toSorted(compare).at(-1);
}

function highestBelow(limit: SemVer | undefined, entries: readonly Entry[]): Entry | undefined {
  if (limit === undefined) return undefined;
  let found: { readonly entry: Entry; readonly version: SemVer } | undefined;
  for (const entry of entries) {
    const version = entry.tag === undefined ? null : versionOf(entry.tag);
    if (version === null || compare(version, limit) >= 0) continue;
    const order = found === undefined ? 1 : compare(version, found.version);
    if (order > 0 || (order === 0 && isLonger(entry, found?.entry))) found = { entry, version };
  }
  return found?.entry;
}

/** Prefers `v1.0.0` to `v1.0`. */
function isLonger({ tag }: Entry, other: Entry | undefined): boolean {
  return (tag?.length ?? 0) > (other?.tag?.length ?? 0);
}

function entriesOf({ wants }: WantList): readonly Entry[] {
  return wants.flatMap(({ digest, tags, tagless }): readonly Entry[] => [
    ...tags.flatMap(({ tag, at: [at] }) => (at === undefined ? [] : [{ digest, tag, at }])),
    ...(tagless === undefined ? [] : [{ digest, tag: undefined, at: tagless }]),
  ]);
}

function comparePositions(a: Position, b: Position): number {
  return compareText(a.file, b.file) || a.line - b.line || a.column - b.column;
}
