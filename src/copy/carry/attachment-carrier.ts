import type { Attachment, IgnoredAttachment } from '../../attachments/attachment.ts';
import { AttachmentFinder } from '../../attachments/attachment-finder.ts';
import { ReferrersIndexes } from '../../attachments/referrers-index.ts';
import { forEachConcurrently } from '../../base/concurrency.ts';
import { messageOf } from '../../base/errors.ts';
import { isObject, parseJsonObject } from '../../base/json.ts';
import { groupBy } from '../../base/maps.ts';
import { ManifestError, type RawManifest } from '../../image/oci-manifest.ts';
import type { Repository } from '../../image/repository.ts';
import type { BrowseRegistry, ReadRegistry, WriteRegistry } from '../../ports/registry.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import type { ContentCopier, ContentTask } from '../content-copier.ts';
import { AttachmentsError, CopyError } from '../outcome.ts';
import { AttachmentClosures, type FoundAttachment } from './attachment-closure.ts';
import type { CarrySelection } from './selection.ts';

export interface CarryPorts {
  /** Reads of sources. */
  readonly registry: BrowseRegistry;
  /** The same for manifests, with a cache that copying uses too. */
  readonly source: ReadRegistry;
  readonly destination: WriteRegistry & BrowseRegistry;
  readonly selection: CarrySelection;
  /** The finder of verification, with its results. Default: each subject is searched. */
  readonly finder?: AttachmentFinder | undefined;
  /** A shared finder of attachments at destinations. Default: a new one. */
  readonly present?: AttachmentFinder | undefined;
}

/** An image at its source, and the repository that it is copied to. */
export type CarryTask = Omit<ContentTask, 'isNew' | 'hosts'> & {
  readonly hosts?: ReadonlySet<string>;
  /** True for an image that the destination has, perhaps with some of its attachments. */
  readonly isPresent: boolean;
};

/** The attachments of one image at one destination. */
export interface CarriedAttachments {
  /** The source of the image. */
  readonly from: Repository;
  /** Written, or to be written. */
  readonly carried: readonly FoundAttachment[];
  readonly ignored: readonly IgnoredAttachment[];
}

const WORKERS = 8;

/**
 * Carries what is attached to images, and to their children and attachments, to the repositories of the images. Content is
 * written before the manifests that need it, and nothing is overwritten.
 */
export class AttachmentCarrier {
  readonly #ports: CarryPorts;
  readonly #closures: AttachmentClosures;
  /** The attachments of images that are there. */
  readonly #present: AttachmentFinder;
  readonly #indexes: ReferrersIndexes;

  constructor(ports: CarryPorts) {
    const { registry, finder = new AttachmentFinder(registry) } = ports;
    const { present = new AttachmentFinder(ports.destination) } = ports;
    this.#ports = ports;
    this.#closures = new AttachmentClosures({ ...ports, finder });
    this.#present = present;
    this.#indexes = new ReferrersIndexes(ports.destination);
  }

  /** The attachments that the destination lacks. Throws `attachments` if a registry fails. */
  async missing(task: CarryTask, signal: AbortSignal): Promise<CarriedAttachments> {
    const { destination, digest, sources, siblings = [] } = task;
    const [from] = [...sources, ...siblings];
    if (from === undefined || from === destination) return { from: destination, carried: [], ignored: [] };
    return await explaining(async () => {
      const { found, ignored } = await this.#closures.of(from, digest, signal);
      const all = { from, carried: found, ignored };
      return task.isPresent ? await this.#compare(destination, all, signal) : all;
    });
  }

  /** Leaves out what the destination has. */
  async #compare(
    destination: Repository,
    { from, carried: found, ignored }: CarriedAttachments,
    signal: AbortSignal,
  ): Promise<CarriedAttachments> {
    const carried: FoundAttachment[] = [];
    const others: IgnoredAttachment[] = [];
    await forEachConcurrently(
      Array.from(groupBy(found, ({ subject }) => subject)),
      { workers: WORKERS, signal },
      async ([subject, own]) => {
        const present = await this.#present.of(destination, subject, signal);
        for (const one of own) {
          const state = stateOf(one, present);
          if (state === 'missing') carried.push(one);
          else if (state === 'other') others.push({ ...namesOf(one), reason: otherContent(one.attachment) });
        }
      },
    );
    return { from, carried, ignored: [...ignored, ...others] };
  }

  /** Writes the attachments that the destination lacks. Throws `attachments` if a registry fails. */
  async carry(task: CarryTask, content: ContentCopier, signal: AbortSignal): Promise<CarriedAttachments> {
    const missing = await this.missing(task, signal);
    const ignored = [...missing.ignored];
    const carried: FoundAttachment[] = [];
    const unlisted = new Set<FoundAttachment>();
    await explaining(async () => {
      await forEachConcurrently(missing.carried, { workers: WORKERS, signal }, async (one) => {
        const sent = await this.#send(one, { task, content }, signal);
        if (sent.kind === 'ignored') ignored.push({ ...namesOf(one), reason: sent.reason });
        else if (sent.kind !== 'present') carried.push(one);
        if (sent.kind === 'unlisted') unlisted.add(one);
      });
      // in the order of the source, so that another run writes the same index
      const ordered = missing.carried.filter((one) => unlisted.has(one));
      for (const [subject, own] of groupBy(ordered, (one) => one.subject)) {
        const referrers = own.map(({ manifest }) => manifest);
        const reason = await this.#indexes.add({ repository: task.destination, subject, referrers }, signal);
        if (reason !== undefined) ignored.push({ subject, reason });
      }
    });
    for (const { subject } of missing.carried) this.#present.forget(task.destination, subject);
    return { from: missing.from, carried, ignored };
  }

  async #send(
    one: FoundAttachment,
    { task, content }: { readonly task: CarryTask; readonly content: ContentCopier },
    signal: AbortSignal,
  ): Promise<Sent> {
    const { attachment, manifest, subject } = one;
    const { place } = attachment;
    const reference = place.kind === 'tag' ? place.tag : manifest.digest;
    // small blobs that nothing else has: sending them costs less than a question
    const sending = { ...task, digest: manifest.digest, hosts: task.hosts ?? NO_HOSTS, isNew: true };
    try {
      const { listedUnder } = await content.send(sending, { reference, manifest }, signal);
      return place.kind === 'tag' || listedUnder === subject ? { kind: 'written' } : { kind: 'unlisted' };
    } catch (error) {
      if (place.kind === 'tag' && error instanceof RegistryError && error.code === 'moved') {
        const there = await this.#ports.destination.fetchTagged(task.destination, place.tag, signal);
        return there !== undefined && containsLayers(there, manifest)
          ? { kind: 'present' }
          : { kind: 'ignored', reason: otherContent(attachment) };
      }
      if (isBroken(error)) return { kind: 'ignored', reason: `it cannot be copied: ${messageOf(error)}` };
      throw error;
    }
  }
}

/** The result of sending one attachment. `unlisted`: the registry does not list referrers by itself. */
type Sent =
  | { readonly kind: 'written' | 'unlisted' | 'present' }
  | { readonly kind: 'ignored'; readonly reason: string };

const NO_HOSTS: ReadonlySet<string> = new Set();

function stateOf(
  { attachment: { place }, manifest }: FoundAttachment,
  present: readonly Attachment[],
): 'missing' | 'present' | 'other' {
  if (place.kind !== 'tag') {
    const has = present.some((one) => one.place.kind !== 'tag' && one.manifest.digest === manifest.digest);
    return has ? 'present' : 'missing';
  }
  const there = present.find((one) => one.place.kind === 'tag' && one.place.tag === place.tag);
  if (there === undefined) return 'missing';
  const { content } = there;
  if (there.manifest.digest === manifest.digest) return 'present';
  return content !== undefined && containsLayers(content, manifest) ? 'present' : 'other';
}

/** True if a manifest of cosign's tags has every layer of another one: such a manifest only grows. */
function containsLayers(there: RawManifest, ours: RawManifest): boolean {
  const layersOf = (manifest: RawManifest) => {
    const { layers } = parseJsonObject(manifest.bytes) ?? {};
    return Array.isArray(layers) ? layers.filter(isObject).map((layer) => JSON.stringify(layer)) : [];
  };
  const known = new Set(layersOf(there));
  return layersOf(ours).every((layer) => known.has(layer));
}

function otherContent({ place }: Attachment): string {
  const tag = place.kind === 'tag' ? place.tag : 'its tag';
  return `the destination has other content under ${tag}, which is never overwritten`;
}

function namesOf({ subject, manifest: { digest } }: FoundAttachment) {
  return { subject, digest };
}

/** Content that the source lacks or that is damaged: no failure of a registry. */
function isBroken(error: unknown): boolean {
  if (error instanceof RegistryError) return error.code === 'mismatch' || error.status === 404;
  return error instanceof ManifestError || error instanceof CopyError;
}

/** Throws failures of registries as `attachments`. */
async function explaining<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RegistryError || error instanceof ManifestError)) throw error;
    throw new AttachmentsError(error.message, { cause: error });
  }
}
