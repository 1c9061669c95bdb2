import { getOrMake } from '../../base/maps.ts';
import { sortedBy } from '../../base/sorted.ts';
import type { Digest } from '../../image/digest.ts';
import { makeSnapshotImage, type SnapshotImage } from '../../image/snapshot-image.ts';
import type { Tag } from '../../image/tag.ts';
import { LayoutError } from '../layout/layout-error.ts';
import { readSource } from '../layout/read-source.ts';
import type { ImageEntry, Problem } from '../model.ts';
import { parseImages } from '../parse-images.ts';
import { sortProblems } from '../problem.ts';
import { SourceFile } from '../source-file.ts';
import { parseList } from '../yaml/parse-list.ts';
import { isNull, kindOf } from '../yaml/yaml-tree.ts';
import { isCsvSnapshot, parseCsvSnapshot, type SnapshotEntry } from './snapshot-csv.ts';

export interface ReadSnapshot {
  /** Sorted by name. */
  readonly images: readonly SnapshotImage[];
  readonly problems: readonly Problem[];
}

/** Ten times the size of a registry with 200,000 digests and two tags each. */
const MAX_SNAPSHOT_BYTES = 400 * 1024 * 1024;

/**
 * Reads a snapshot in any of its formats: CSV, YAML or JSON. Malformed entries are problems. Throws a LayoutError for a
 * missing or unreadable file.
 */
export async function readSnapshot(file: string, signal: AbortSignal): Promise<ReadSnapshot> {
  const source = await readSource(
    { file, path: file, noun: 'snapshot', maxBytes: MAX_SNAPSHOT_BYTES },
    signal,
  );
  if (!(source instanceof SourceFile)) throw new LayoutError('file-unusable', [source]);
  const entries = isCsvSnapshot(source.text) ? parseCsvSnapshot(source) : parseYamlSnapshot(source);
  reportContradictions(entries, source);
  return { images: together(entries), problems: sortProblems(source.problems) };
}

function parseYamlSnapshot(source: SourceFile): SnapshotEntry[] {
  return parseList(source, (root, part) => {
    if (isNull(root)) return [];
    if (root.kind === 'list') return entriesOf(parseImages(root, part), source);
    const message = `a snapshot is a list of images, not ${kindOf(root)}; for the images that manifests want in a registry, give PATH@REGISTRY`;
    part.report({ rule: 'shape', message }, root.at);
    return [];
  }).flat();
}

function entriesOf(images: readonly ImageEntry[], source: SourceFile): SnapshotEntry[] {
  return images.flatMap(({ name, digests }) =>
    digests.flatMap(({ digest, tags, at: digestAt }): SnapshotEntry[] =>
      tags.length === 0
        ? [{ name, digest, tag: undefined, at: source.offsetOf(digestAt) }]
        : tags.map(({ tag, at }) => ({ name, digest, tag, at: source.offsetOf(at) })),
    ),
  );
}

/** A tag has one digest; with two, neither can be chosen. */
function reportContradictions(entries: readonly SnapshotEntry[], source: SourceFile): void {
  const tagged = new Map<string, Map<Tag, SnapshotEntry>>();
  for (const entry of entries) {
    const { name, digest, tag, at } = entry;
    if (tag === undefined) continue;
    const tags = getOrMake(tagged, name, () => new Map<Tag, SnapshotEntry>());
    const known = getOrMake(tags, tag, () => entry);
    if (known.digest !== digest) {
      const { line } = source.positionOf(known.at);
      const message = `${name}:${tag} is ${known.digest} in line ${line} and ${digest} here: a tag is one digest, remove one`;
      source.report({ rule: 'tag', message }, at);
    }
  }
}

function together(entries: Iterable<SnapshotEntry>): readonly SnapshotImage[] {
  const images = new Map<string, Map<Digest, Set<Tag>>>();
  for (const { name, digest, tag } of entries) {
    const digests = getOrMake(images, name, () => new Map<Digest, Set<Tag>>());
    const tags = getOrMake(digests, digest, () => new Set<Tag>());
    if (tag !== undefined) tags.add(tag);
  }
  const made = Array.from(images, ([name, digests]) => makeSnapshotImage(name, digests));
  return sortedBy(
    made.filter((image) => image !== undefined),
    ({ name }) => name,
  );
}
