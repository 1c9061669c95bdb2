import { isObject, type JsonObject, parseJsonObject } from '../base/json.ts';
import { type Digest, digestOf } from '../image/digest.ts';
import { OCI_INDEX } from '../image/media-types.ts';
import { annotationsOf, artifactTypeOf, type RawManifest } from '../image/oci-manifest.ts';
import { referrersTagOf } from '../image/attachment-tags.ts';
import type { Repository } from '../image/repository.ts';
import type { BrowseRegistry, WriteRegistry } from '../ports/registry.ts';
import { RegistryError } from '../ports/registry-error.ts';

export interface ReferrersOfSubject {
  readonly repository: Repository;
  readonly subject: Digest;
  /** Manifests that are in the repository, and name the subject. */
  readonly referrers: readonly RawManifest[];
}

/** Registries cannot write such an index atomically: another writer may replace ours with one that lacks our entries. */
const MAX_ATTEMPTS = 5;

/**
 * Lists referrers in the index under the referrers tag of their subject, for registries without the referrers API. What an
 * index has is kept. It is read again after each write, and written again while entries are missing. One index is written
 * once at a time.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests-with-subject
 */
export class ReferrersIndexes {
  readonly #registry: WriteRegistry & BrowseRegistry;
  /** The last write of each index. */
  readonly #writes = new Map<string, Promise<unknown>>();

  constructor(registry: WriteRegistry & BrowseRegistry) {
    this.#registry = registry;
  }

  /**
   * Resolves to the reason why they cannot be listed, if the tag is no such index: that is never overwritten. Throws a
   * `RegistryError` if the registry fails, or if others overwrite the index each time.
   */
  async add(referrers: ReferrersOfSubject, signal: AbortSignal): Promise<string | undefined> {
    const key = `${referrers.repository} ${referrers.subject}`;
    const before = this.#writes.get(key);
    const write = (async () => {
      await before?.catch(() => {}); // its own caller reports the failure
      return await this.#add(referrers, signal);
    })();
    this.#writes.set(key, write);
    try {
      return await write;
    } finally {
      if (this.#writes.get(key) === write) this.#writes.delete(key);
    }
  }

  async #add(
    { repository, subject, referrers }: ReferrersOfSubject,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const tag = referrersTagOf(subject);
    let current: RawManifest | undefined; // nearly always there is none, and the write finds out
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const index = mergeIndex(current, referrers);
      try {
        const put = { subject, index, replaces: current?.digest };
        await this.#registry.putReferrersIndex(repository, put, signal);
      } catch (error) {
        if (!(error instanceof RegistryError) || error.code !== 'moved') throw error;
      }
      current = await this.#registry.fetchTagged(repository, tag, signal);
      if (current !== undefined && (current.mediaType !== OCI_INDEX || current.digest === subject)) {
        return `tag ${tag} of the destination is ${current.digest}, which is no list of referrers`;
      }
      const listed = new Set(entriesOf(current).map((entry) => entry['digest']));
      if (referrers.every(({ digest }) => listed.has(digest))) return undefined;
    }
    const why = `${repository}:${tag} lacks entries after ${MAX_ATTEMPTS} writes: others write it at the same time`;
    throw new RegistryError('moved', why);
  }
}

function mergeIndex(current: RawManifest | undefined, referrers: readonly RawManifest[]): RawManifest {
  const known = entriesOf(current);
  const digests = new Set(known.map((entry) => entry['digest']));
  const added = referrers.filter(({ digest }) => !digests.has(digest)).map(describe);
  const others = current === undefined ? {} : parseJsonObject(current.bytes);
  const manifests = [...known, ...added];
  const document = { ...others, schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  const bytes = Buffer.from(JSON.stringify(document));
  return { mediaType: OCI_INDEX, digest: digestOf(bytes), bytes };
}

/** The unparsed entries of the index of a referrers tag; none for any other manifest. */
export function entriesOf(index: RawManifest | undefined): readonly JsonObject[] {
  const entries = index?.mediaType === OCI_INDEX ? parseJsonObject(index.bytes)?.['manifests'] : undefined;
  return Array.isArray(entries) ? entries.filter(isObject) : [];
}

function describe(manifest: RawManifest) {
  const { mediaType, digest, bytes } = manifest;
  const [artifactType, annotations] = [artifactTypeOf(manifest), annotationsOf(manifest)];
  return {
    mediaType,
    digest,
    size: bytes.length,
    ...(artifactType !== '' && { artifactType }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
}
