import { compareText } from '../../base/sorted.ts';
import type { Digest } from '../../image/digest.ts';
import { formatReference, type Reference } from '../../image/reference.ts';
import { nameOfRoot } from '../../browse/image-names.ts';
import {
  isWithin,
  parentOf,
  parseRepository,
  type RegistryName,
  type Repository,
} from '../../image/repository.ts';
import type { SnapshotImage } from '../../image/snapshot-image.ts';
import type { Tag } from '../../image/tag.ts';
import type { AuditChange } from '../../report/audit/audit.ts';
import type { DigestSet, Holdings } from './holdings.ts';

/** An earlier state of a registry, as `cip snapshot` wrote it. */
export interface Snapshot {
  readonly registry: RegistryName;
  readonly images: readonly SnapshotImage[];
}

/** The earlier state of production. */
export class EarlierState {
  readonly #snapshots: readonly Snapshot[];
  readonly #images = new Map<Repository, SnapshotImage>();

  constructor(snapshots: readonly Snapshot[]) {
    this.#snapshots = snapshots;
    for (const snapshot of snapshots) {
      const base = baseOf(snapshot);
      for (const image of snapshot.images) {
        const repository = parseRepository(`${base}/${image.name}`);
        if (repository !== undefined) this.#images.set(repository, image);
      }
    }
  }

  /** The repositories of the snapshots: one that is gone is a change too. */
  get repositories(): Iterable<Repository> {
    return this.#images.keys();
  }

  /** The changes of a repository since its snapshot; none without a snapshot of its registry. */
  changesOf(repository: Repository, holdings: Holdings): readonly AuditChange[] {
    if (!this.#snapshots.some(({ registry }) => isWithin(repository, registry))) return [];
    const change = changeMaker(repository, holdings);
    const earlier = contentOf(this.#images.get(repository));
    return [...tagChanges(earlier, holdings, change), ...digestChanges(earlier, holdings, change)];
  }
}

/** The path that the names of a snapshot are relative to: the parent of a registry that is an image itself. */
function baseOf({ registry, images }: Snapshot): RegistryName {
  const root = nameOfRoot(registry, 'as-snapshot');
  const isItself =
    images.some(({ name }) => name === root) && images.every(({ name }) => `${name}/`.startsWith(`${root}/`));
  return isItself ? (parentOf(registry) ?? registry) : registry;
}

interface Content {
  readonly tags: ReadonlyMap<Tag, Digest>;
  readonly digests: DigestSet;
}

function contentOf(image: SnapshotImage | undefined): Content {
  const digests = image?.digests ?? [];
  return {
    tags: new Map(digests.flatMap(({ digest, tags }) => tags.map((tag) => [tag, digest] as const))),
    digests: new Set(digests.map(({ digest }) => digest)),
  };
}

type MakeChange = (
  change: AuditChange['change'],
  content: { readonly reference: Reference; readonly digest: Digest; readonly before?: Digest },
) => AuditChange;

function changeMaker(repository: Repository, { uploaded }: Holdings): MakeChange {
  return (change, { reference, digest, before }) => ({
    change,
    destination: formatReference(repository, reference),
    digest,
    before: before ?? null,
    uploaded: change === 'deleted' ? null : timeOf(uploaded.get(digest)),
  });
}

/** ISO 8601, UTC. */
export function timeOf(milliseconds: number | undefined): string | null {
  return milliseconds === undefined ? null : new Date(milliseconds).toISOString();
}

function tagChanges(earlier: Content, { tags }: Holdings, make: MakeChange): readonly AuditChange[] {
  const all = Array.from(new Set([...earlier.tags.keys(), ...tags.keys()])).toSorted(compareText);
  return all.flatMap((reference) => {
    const [before, digest] = [earlier.tags.get(reference), tags.get(reference)];
    if (before === digest) return [];
    if (digest !== undefined)
      return [
        make(before === undefined ? 'added' : 'moved', { reference, digest, ...(before && { before }) }),
      ];
    return before === undefined ? [] : [make('deleted', { reference, digest: before })];
  });
}

/** Digests without a tag, then and now: a tagged digest comes and goes with its tags. */
function digestChanges(earlier: Content, holdings: Holdings, make: MakeChange): readonly AuditChange[] {
  if (!holdings.showsUntagged) return [];
  const untagged = ({ tags, digests }: Content) => {
    const tagged = new Set(tags.values());
    return Array.from(digests.keys()).filter((digest) => !tagged.has(digest));
  };
  const added = untagged(holdings).filter((digest) => !earlier.digests.has(digest));
  const deleted = untagged(earlier).filter((digest) => !holdings.digests.has(digest));
  return [
    ...added.map((digest) => make('added', { reference: digest, digest })),
    ...deleted.map((digest) => make('deleted', { reference: digest, digest })),
  ];
}
