import type { Attachment, IgnoredAttachment } from '../../attachments/attachment.ts';
import type { AttachmentFinder } from '../../attachments/attachment-finder.ts';
import { readAttachment } from '../../attachments/read-attachment.ts';
import { forEachConcurrently } from '../../base/concurrency.ts';
import { SingleFlight } from '../../base/single-flight.ts';
import type { Digest } from '../../image/digest.ts';
import { isIndexType } from '../../image/media-types.ts';
import { artifactTypeOf, parseReferences, type RawManifest } from '../../image/oci-manifest.ts';
import type { Repository } from '../../image/repository.ts';
import type { ReadRegistry } from '../../ports/registry.ts';
import { AttachmentsError } from '../outcome.ts';
import { type CarrySelection, isSelected } from './selection.ts';

/** An attachment to copy to the destination. */
export interface FoundAttachment {
  readonly subject: Digest;
  readonly attachment: Attachment;
  readonly manifest: RawManifest;
}

/** The attachments of an image, of its children and of these attachments. */
export interface AttachmentClosure {
  /** Where they were found. */
  readonly from: Repository;
  /** Each after its subject. */
  readonly found: readonly FoundAttachment[];
  readonly ignored: readonly IgnoredAttachment[];
}

export interface ClosurePorts {
  readonly finder: AttachmentFinder;
  /** Its manifests are read through a cache, as copying reads them too. */
  readonly source: ReadRegistry;
  readonly selection: CarrySelection;
}

/** Limits far above those of real images: levels of attachments, attachments of one image, bytes of one of them. */
const MAX_DEPTH = 8;
const MAX_ATTACHMENTS = 1_000;
const MAX_BYTES = 1024 * 1024 * 1024;
/** Results that are kept, for the destinations that want the same image soon. */
const MAX_KEPT = 256;
const WORKERS = 8;

/** Finds the attachments of images at their source. Each image is searched once for all of its destinations. */
export class AttachmentClosures {
  readonly #ports: ClosurePorts;
  readonly #closures = new SingleFlight<string, AttachmentClosure>();
  readonly #kept = new Set<string>();

  constructor(ports: ClosurePorts) {
    this.#ports = ports;
  }

  /** Throws a `RegistryError` if the registry fails. */
  async of(from: Repository, image: Digest, signal: AbortSignal): Promise<AttachmentClosure> {
    const key = `${from} ${image}`;
    const closure = await this.#closures.run(key, () =>
      new ClosureSearch({ from, image }, this.#ports, signal).run(),
    );
    this.#kept.add(key);
    const [oldest] = this.#kept;
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) {
      this.#kept.delete(oldest);
      this.#closures.forget(oldest);
    }
    return closure;
  }
}

interface CarriedFrom {
  readonly from: Repository;
  readonly image: Digest;
}

class ClosureSearch {
  readonly #from: Repository;
  readonly #image: Digest;
  readonly #ports: ClosurePorts;
  readonly #signal: AbortSignal;
  /** Manifests that were subjects: an attachment may lead back to one through a tag of cosign's. */
  readonly #seen = new Set<Digest>();
  readonly #found: FoundAttachment[] = [];
  readonly #ignored: IgnoredAttachment[] = [];
  #taken = 0;

  constructor({ from, image }: CarriedFrom, ports: ClosurePorts, signal: AbortSignal) {
    this.#from = from;
    this.#image = image;
    this.#ports = ports;
    this.#signal = signal;
  }

  async run(): Promise<AttachmentClosure> {
    let level = await this.#manifestsOf(this.#image);
    for (let depth = 0; level.length > 0; depth++) {
      for (const subject of level) this.#seen.add(subject);
      const found = await this.#attachedTo(level, depth);
      this.#found.push(...found);
      level = Array.from(new Set(found.map(({ manifest }) => manifest.digest)));
    }
    return { from: this.#from, found: this.#found, ignored: this.#ignored };
  }

  /** An image and its children, at any depth. A child that the source lacks has no attachments, and fails its image. */
  async #manifestsOf(image: Digest): Promise<readonly Digest[]> {
    const manifests = new Set([image]);
    const indexes = new Set([image]);
    for (const index of indexes) {
      const manifest = await this.#ports.source.fetchManifest(this.#from, index, this.#signal);
      for (const child of manifest === undefined ? [] : parseReferences(manifest).manifests) {
        manifests.add(child.digest);
        if (isIndexType(child.mediaType)) indexes.add(child.digest);
      }
    }
    return Array.from(manifests);
  }

  async #attachedTo(subjects: readonly Digest[], depth: number): Promise<readonly FoundAttachment[]> {
    const { finder } = this.#ports;
    const listed = await inOrder(subjects, this.#signal, async (subject) =>
      this.#acceptedOf(subject, await finder.of(this.#from, subject, this.#signal)),
    );
    const taken = subjects.flatMap((subject, index) => {
      this.#ignored.push(...finder.ignoredAt(this.#from, subject));
      return this.#take(subject, listed[index] ?? [], depth);
    });
    const read = await inOrder(taken, this.#signal, (one) => this.#read(one));
    return read.filter((one) => one !== undefined);
  }

  /** The accepted attachments, in mode `accepted`; otherwise all. */
  async #acceptedOf(subject: Digest, listed: readonly Attachment[]): Promise<readonly Attachment[]> {
    const { selection, source } = this.#ports;
    if (selection.mode !== 'accepted' || listed.length === 0) return listed;
    const at = { repository: this.#from, image: this.#image, subject };
    const accepted = (await selection.accepted?.at(at, { source, signal: this.#signal })) ?? new Set();
    if ('kind' in accepted) throw new AttachmentsError(accepted.reason);
    return listed.filter(({ manifest }) => accepted.has(manifest.digest));
  }

  #take(subject: Digest, listed: readonly Attachment[], depth: number): readonly Listed[] {
    const selected = listed.filter((one) => isSelected(one, this.#ports.selection) !== false);
    const room = depth < MAX_DEPTH ? MAX_ATTACHMENTS - this.#taken : 0;
    const taken = selected.slice(0, room);
    this.#taken += taken.length;
    const left = selected.length - taken.length;
    const limit = depth < MAX_DEPTH ? `${MAX_ATTACHMENTS} attachments of an image` : `${MAX_DEPTH} levels`;
    if (left > 0) this.#ignored.push({ subject, reason: `${left} are over the limit of ${limit}` });
    return taken.map((attachment) => ({ subject, attachment }));
  }

  async #read({ subject, attachment }: Listed): Promise<FoundAttachment | undefined> {
    const at = { repository: this.#from, subject, attachment };
    const read = await readAttachment(this.#ports.source, at, this.#signal);
    const { digest } = attachment.manifest;
    const reason = 'ignored' in read ? read.ignored : this.#reasonAgainst(read.manifest);
    if (reason !== undefined) this.#ignored.push({ subject, digest, reason });
    if ('ignored' in read || reason !== undefined) return undefined;
    const artifactType = attachment.artifactType || artifactTypeOf(read.manifest);
    const isKnown = isSelected({ ...attachment, artifactType }, this.#ports.selection) === true;
    return isKnown ? { subject, attachment, manifest: read.manifest } : undefined;
  }

  #reasonAgainst(manifest: RawManifest): string | undefined {
    if (this.#seen.has(manifest.digest)) return 'it is attached to itself, or to its own attachments';
    const bytes = parseReferences(manifest).blobs.reduce((sum, { size }) => sum + Math.max(size, 0), 0);
    return bytes > MAX_BYTES ? `it has ${bytes} bytes, and the limit is ${MAX_BYTES}` : undefined;
  }
}

type Listed = Pick<FoundAttachment, 'subject' | 'attachment'>;

/** The results of concurrent work, in the order of the items. */
async function inOrder<T, R>(
  items: readonly T[],
  signal: AbortSignal,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const entries = Array.from(items.entries());
  await forEachConcurrently(entries, { workers: WORKERS, signal }, async ([index, item]) => {
    results[index] = await work(item);
  });
  return results;
}
