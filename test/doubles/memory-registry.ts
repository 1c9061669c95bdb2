import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { compareText, sortedBy } from '../../src/base/sorted.ts';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { type Digest, isDigest, matchesDigest } from '../../src/image/digest.ts';
import { isIndexType, isManifestType } from '../../src/image/media-types.ts';
import {
  parseReferences,
  type RawManifest,
  UNKNOWN_SIZE,
  verifyManifest,
} from '../../src/image/oci-manifest.ts';
import { formatReference, type Reference } from '../../src/image/reference.ts';
import { hostOf, type Repository } from '../../src/image/repository.ts';
import type { Tag } from '../../src/image/tag.ts';
import type {
  BlobBody,
  BlobCondition,
  BlobUpload,
  Listing,
  UploadSession,
  WriteRegistry,
  WrittenManifest,
} from '../../src/ports/registry.ts';
import { RegistryError } from '../../src/ports/registry-error.ts';
import type { Content } from '../builders/content.ts';
import { repository as repositoryNamed, tag as tagNamed } from '../builders/manifests.ts';

export type Verb =
  | 'resolve'
  | 'fetch'
  | 'list'
  | 'has-blob'
  | 'open-blob'
  | 'check-blob'
  | 'mount'
  | 'start'
  | 'finish'
  | 'resume'
  | 'cancel'
  | 'put';

/** One question or order, in the sequence in which they came. */
export interface Call {
  readonly verb: Verb;
  readonly repository: Repository;
  /** Tag or digest; empty where there is none. */
  readonly what: string;
}

/** How a host answers tags/list. */
export type ListingStyle = 'google' | 'tags' | 'refused';

export interface MemoryRegistryOptions {
  /** For every host, or host by host. Default `tags`. */
  readonly listing?: ListingStyle | ((host: string) => ListingStyle);
  /** Pages of every list of tags. Default 1. */
  readonly pages?: number;
  /** What a mount of a blob that is there gets. Default `honoured`. */
  readonly mounts?: 'honoured' | 'refused';
  /** What a mount that names no repository gets. Default `refused`: an upload, like any other. */
  readonly anonymousMounts?: 'honoured' | 'refused' | 'denied';
  /** Keeps the bytes that it has of a blob, damaged or not, when they are uploaded again. Default false. */
  readonly deduplicates?: boolean;
  /** What becomes of the bytes of an upload that was interrupted. Default `kept`. */
  readonly interrupted?: 'kept' | 'lost';
  /** Awaited before each answer. Default: the next microtask. */
  readonly pace?: () => Promise<void>;
}

interface Store {
  readonly manifests: Map<Digest, RawManifest>;
  readonly tags: Map<Tag, Digest>;
  readonly blobs: Map<Digest, Uint8Array>;
  /** Milliseconds since the epoch. */
  readonly uploads: Map<Digest, number>;
}

/** An entry of an index whose type does not say what it is may be a blob. */
function isHeldBlob({ mediaType, digest }: Descriptor, { blobs }: Store): boolean {
  return !isManifestType(mediaType) && blobs.has(digest);
}

/**
 * All registries of the world, in a Map. As strict as a registry may be: a manifest whose content is not all in the
 * same repository is refused with `unknown-blob`, an upload is sent once and has to be what its digest says.
 */
export class MemoryRegistry implements WriteRegistry {
  readonly calls: Call[] = [];
  readonly #stores = new Map<Repository, Store>();
  /** By location. */
  readonly #open = new Map<string, Uint8Array>();
  #cuts: { readonly repository: string; readonly bytes: number }[] = [];
  readonly #faults: ((call: Call) => unknown)[] = [];
  readonly #damaged = new Map<string, 'bit' | 'data'>();
  readonly #options: Required<MemoryRegistryOptions>;
  #uploads = 0;

  constructor(options: MemoryRegistryOptions = {}) {
    this.#options = {
      listing: 'tags',
      pages: 1,
      mounts: 'honoured',
      anonymousMounts: 'refused',
      deduplicates: false,
      interrupted: 'kept',
      pace: () => Promise.resolve(),
      ...options,
    };
  }

  /** Puts content there past the calls: children and blobs first. */
  push(repository: string, content: Content, ...tags: readonly string[]): Digest {
    const store = this.#storeOf(repositoryNamed(repository));
    for (const child of content.children) this.push(repository, child);
    for (const { digest, bytes } of content.blobs) store.blobs.set(digest, bytes);
    store.manifests.set(content.manifest.digest, content.manifest);
    for (const tag of tags) store.tags.set(tagNamed(tag), content.manifest.digest);
    return content.manifest.digest;
  }

  /** An error that `fault` returns is thrown; it may also do something at the moment of a call. */
  atCall(fault: (call: Call) => unknown): void {
    this.#faults.push(fault);
  }

  /** From now on the listing has this upload time, in milliseconds since the epoch. */
  setUploadTime(repository: string, digest: Digest, time: number): void {
    this.#storeOf(repositoryNamed(repository)).uploads.set(digest, time);
  }

  async uploadTimes(repository: Repository, signal: AbortSignal): Promise<ReadonlyMap<Digest, number>> {
    await this.#answer({ verb: 'list', repository, what: 'times' }, signal);
    return this.#stores.get(repository)?.uploads ?? new Map<Digest, number>();
  }

  /** Answers some calls with an error: every time, or so many times. */
  fail(
    which: Partial<Call>,
    {
      error = new RegistryError('unavailable', 'GET https://test: 503'),
      times = Number.POSITIVE_INFINITY,
    }: { readonly error?: Error; readonly times?: number } = {},
  ): void {
    let left = times;
    this.atCall((call) => {
      if (left === 0 || !matches(call, which)) return undefined;
      left -= 1;
      return error;
    });
  }

  /** The next upload into this repository is interrupted after so many bytes. */
  cutUpload(repository: string, bytes: number): void {
    this.#cuts.push({ repository, bytes });
  }

  /**
   * From now on the blob of this repository does not match its digest when it is read: a bit of it is wrong, or all of its
   * data is gone, though `hasBlob` finds it.
   */
  damageBlob(repository: string, digest: Digest, what: 'bit' | 'data' = 'bit'): void {
    this.#damaged.set(`${repository} ${digest}`, what);
  }

  /** Loses a blob or a manifest. */
  lose(repository: string, digest: Digest): void {
    const store = this.#storeOf(repositoryNamed(repository));
    store.blobs.delete(digest);
    store.manifests.delete(digest);
  }

  /** Deletes a manifest and the tags that stand for it, as somebody with the right to may. */
  deleteManifest(repository: string, digest: Digest): void {
    const store = this.#storeOf(repositoryNamed(repository));
    store.manifests.delete(digest);
    for (const [tag, target] of store.tags) if (target === digest) store.tags.delete(tag);
  }

  /** Deletes the blobs that no manifest of the repository names. */
  collectGarbage(repository: string): void {
    const { manifests, blobs } = this.#storeOf(repositoryNamed(repository));
    const named = Array.from(manifests.values()).flatMap((manifest) => parseReferences(manifest).blobs);
    const kept = new Set(named.map(({ digest }) => digest));
    for (const digest of blobs.keys()) if (!kept.has(digest)) blobs.delete(digest);
  }

  count(which: Partial<Call> = {}): number {
    return this.calls.filter((call) => matches(call, which)).length;
  }

  /** Calls as `verb repository what`. */
  log(which: Partial<Call> = {}): readonly string[] {
    return this.calls
      .filter((call) => matches(call, which))
      .map(({ verb, repository, what }) => `${verb} ${repository} ${what}`.trimEnd());
  }

  tagsOf(repository: string): Readonly<Record<string, Digest>> {
    const tags = this.#stores.get(repositoryNamed(repository))?.tags ?? new Map<Tag, Digest>();
    return Object.fromEntries(tags);
  }

  digestsOf(repository: string): ReadonlySet<Digest> {
    return new Set(this.#stores.get(repositoryNamed(repository))?.manifests.keys());
  }

  /** True when a manifest is there with everything that it leads to. */
  isWhole(repository: string, digest: Digest): boolean {
    const store = this.#stores.get(repositoryNamed(repository));
    const manifest = store?.manifests.get(digest);
    if (store === undefined || manifest === undefined) return false;
    const { manifests, blobs } = parseReferences(manifest);
    return (
      manifests.every((entry) => isHeldBlob(entry, store) || this.isWhole(repository, entry.digest)) &&
      blobs.every((blob) => store.blobs.has(blob.digest))
    );
  }

  /** Everything that is there, as a value to compare. */
  snapshot(): Readonly<Record<string, unknown>> {
    const entries = Array.from(this.#stores, ([repository, { manifests, tags, blobs }]) => {
      const value = {
        manifests: Array.from(manifests.keys()).toSorted(compareText),
        tags: Object.fromEntries(sortedBy(tags, ([tag]) => tag)),
        blobs: Array.from(blobs.keys()).toSorted(compareText),
      };
      return [repository, value] as const;
    });
    return Object.fromEntries(sortedBy(entries, ([name]) => name));
  }

  /** Uploads that were begun and neither finished nor cancelled. */
  get openUploads(): number {
    return this.#open.size;
  }

  async resolve(repository: Repository, reference: Reference, signal: AbortSignal) {
    await this.#answer({ verb: 'resolve', repository, what: reference }, signal);
    const store = this.#stores.get(repository);
    if (isDigest(reference)) return store?.manifests.has(reference) ? reference : undefined;
    return store?.tags.get(reference);
  }

  async fetchManifest(repository: Repository, digest: Digest, signal: AbortSignal) {
    await this.#answer({ verb: 'fetch', repository, what: digest }, signal);
    return this.#stores.get(repository)?.manifests.get(digest);
  }

  async readList<T>(repository: Repository, read: (listing: Listing) => T, signal: AbortSignal): Promise<T> {
    return read(await this.list(repository, signal));
  }

  async list(repository: Repository, signal: AbortSignal): Promise<Listing> {
    await this.#answer({ verb: 'list', repository, what: '' }, signal);
    const { listing } = this.#options;
    const style = typeof listing === 'string' ? listing : listing(hostOf(repository));
    const store = this.#stores.get(repository);
    if (style === 'refused') throw new RegistryError('refused', 'GET https://test: 405', { status: 405 });
    if (style === 'google') return googleListing(store);
    // distribution tells no difference between no repository and one without tags
    if (store === undefined || store.tags.size === 0) return { kind: 'missing' };
    return { kind: 'tags', tags: new Set(store.tags.keys()), requests: this.#options.pages };
  }

  async hasBlob(repository: Repository, blob: Digest | Descriptor, signal: AbortSignal): Promise<boolean> {
    const { digest, size } = typeof blob === 'string' ? { digest: blob, size: UNKNOWN_SIZE } : blob;
    await this.#answer({ verb: 'has-blob', repository, what: digest }, signal);
    const bytes = this.#stores.get(repository)?.blobs.get(digest);
    return bytes !== undefined && (size === UNKNOWN_SIZE || size === bytes.length);
  }

  async openBlob(repository: Repository, blob: Descriptor, signal: AbortSignal): Promise<BlobBody> {
    await this.#answer({ verb: 'open-blob', repository, what: blob.digest }, signal);
    const bytes = this.#stores.get(repository)?.blobs.get(blob.digest);
    if (bytes === undefined) throw new RegistryError('refused', 'GET https://test: 404', { status: 404 });
    if (this.#damaged.has(`${repository} ${blob.digest}`)) return damagedStream(bytes, blob.digest);
    return bytes.length > 512 * 1024 ? Readable.from([bytes]) : bytes;
  }

  async checkBlob(
    repository: Repository,
    { blob, extent }: { readonly blob: Descriptor; readonly extent: 'whole' | 'end' },
    signal: AbortSignal,
  ): Promise<BlobCondition> {
    await this.#answer({ verb: 'check-blob', repository, what: `${blob.digest} ${extent}` }, signal);
    const bytes = this.#stores.get(repository)?.blobs.get(blob.digest);
    if (bytes === undefined) return 'missing';
    const damage = this.#damaged.get(`${repository} ${blob.digest}`);
    const isDamaged = damage === 'data' || (damage === 'bit' && extent === 'whole');
    return isDamaged || (blob.size !== UNKNOWN_SIZE && blob.size !== bytes.length) ? 'damaged' : 'sound';
  }

  async mountBlob(
    repository: Repository,
    { digest, from }: { readonly digest: Digest; readonly from?: Repository },
    signal: AbortSignal,
  ): Promise<'mounted' | UploadSession> {
    if (from === undefined) return this.#mountAnonymously(repository, digest, signal);
    await this.#answer({ verb: 'mount', repository, what: digest }, signal);
    const bytes = this.#stores.get(from)?.blobs.get(digest);
    const isNear = hostOf(from) === hostOf(repository);
    if (bytes === undefined || !isNear || this.#options.mounts === 'refused')
      return this.#session(repository);
    this.#storeOf(repository).blobs.set(digest, bytes);
    return 'mounted';
  }

  /** It is an upload that may turn out to be needless, so it is logged as one. */
  async #mountAnonymously(
    repository: Repository,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<'mounted' | UploadSession> {
    await this.#answer({ verb: 'start', repository, what: digest }, signal);
    const { anonymousMounts } = this.#options;
    if (anonymousMounts === 'denied')
      throw new RegistryError('refused', 'POST https://test: 400', { status: 400 });
    const near = Array.from(this.#stores).filter(([name]) => hostOf(name) === hostOf(repository));
    const bytes = near.map(([, { blobs }]) => blobs.get(digest)).find((found) => found !== undefined);
    if (bytes === undefined || anonymousMounts === 'refused') return this.#session(repository);
    this.#storeOf(repository).blobs.set(digest, bytes);
    return 'mounted';
  }

  /** Opens an upload, as many registries do. */
  async putBlob(
    repository: Repository,
    { digest }: { readonly digest: Digest },
    signal: AbortSignal,
  ): Promise<UploadSession> {
    await this.#answer({ verb: 'start', repository, what: digest }, signal);
    return this.#session(repository);
  }

  async startUpload(repository: Repository, signal: AbortSignal): Promise<UploadSession> {
    await this.#answer({ verb: 'start', repository, what: '' }, signal);
    return this.#session(repository);
  }

  async finishUpload({ session, blob, open }: BlobUpload, signal: AbortSignal): Promise<void> {
    const { repository, location, received } = session;
    const before = this.#open.get(location);
    if (before === undefined) throw new Error(`the upload ${location} is not open`);
    if (before.length !== received)
      throw new Error(`${location} has ${before.length} bytes, not ${received}`);
    const bytes = Buffer.concat([before, (await readAll(await open())).subarray(received)]);
    const cut = this.#takeCut(repository);
    if (cut !== undefined) {
      this.#open.set(location, this.#options.interrupted === 'kept' ? bytes.subarray(0, cut) : before);
      throw new RegistryError('unreachable', 'PUT https://test: ECONNRESET', { temporary: true });
    }
    await this.#answer({ verb: 'finish', repository, what: blob.digest }, signal);
    this.#open.delete(location);
    if (!matchesDigest(bytes, blob.digest))
      throw new RegistryError('refused', 'PUT: DIGEST_INVALID', { status: 400 });
    this.#storeOf(repository).blobs.set(blob.digest, bytes);
    if (!this.#options.deduplicates) this.#damaged.delete(`${repository} ${blob.digest}`);
  }

  async resumeUpload(session: UploadSession, signal: AbortSignal): Promise<UploadSession | undefined> {
    const { repository, location } = session;
    try {
      await this.#answer({ verb: 'resume', repository, what: '' }, signal);
    } catch {
      return undefined;
    }
    const received = this.#open.get(location)?.length ?? 0;
    return received === 0 ? undefined : { ...session, received };
  }

  async cancelUpload(session: UploadSession, signal: AbortSignal): Promise<void> {
    await this.#answer({ verb: 'cancel', repository: session.repository, what: '' }, signal);
    this.#open.delete(session.location);
  }

  async putManifest(
    repository: Repository,
    { reference, manifest }: { readonly reference: Reference; readonly manifest: RawManifest },
    signal: AbortSignal,
  ): Promise<WrittenManifest> {
    if (!isDigest(reference)) {
      const found = await this.resolve(repository, reference, signal);
      if (found === manifest.digest) return {};
      if (found !== undefined) throw moved(formatReference(repository, reference), found, manifest.digest);
    }
    await this.#answer({ verb: 'put', repository, what: reference }, signal);
    verifyManifest(manifest);
    const store = this.#storeOf(repository);
    this.#refuseMissing(store, manifest);
    store.manifests.set(manifest.digest, manifest);
    if (!isDigest(reference)) store.tags.set(reference, manifest.digest);
    else if (reference !== manifest.digest) throw new Error(`${manifest.digest} was put as ${reference}`);
    return {};
  }

  putReferrersIndex(): Promise<void> {
    throw new Error('attachments are carried between real or embedded registries in tests');
  }

  putSignatureTag(): Promise<void> {
    throw new Error('images are signed in real or embedded registries in tests');
  }

  #refuseMissing(store: Store, manifest: RawManifest): void {
    const { manifests, blobs } = parseReferences(manifest);
    const missing =
      manifests.find((entry) => !store.manifests.has(entry.digest) && !isHeldBlob(entry, store)) ??
      blobs.find(({ digest }) => !store.blobs.has(digest));
    if (missing === undefined) return;
    throw new RegistryError('unknown-blob', `PUT https://test: MANIFEST_BLOB_UNKNOWN: ${missing.digest}`, {
      status: 404,
    });
  }

  async #answer(call: Call, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.calls.push(call);
    await this.#options.pace();
    for (const fault of this.#faults) {
      const thrown = await fault(call);
      if (thrown instanceof Error) throw thrown;
    }
    signal.throwIfAborted();
  }

  #session(repository: Repository): UploadSession {
    this.#uploads += 1;
    const location = `https://test/uploads/${this.#uploads}`;
    this.#open.set(location, new Uint8Array());
    return { repository, location, received: 0 };
  }

  #takeCut(repository: string): number | undefined {
    const index = this.#cuts.findIndex((cut) => cut.repository === repository);
    return index === -1 ? undefined : this.#cuts.splice(index, 1)[0]?.bytes;
  }

  #storeOf(repository: Repository): Store {
    const known = this.#stores.get(repository);
    if (known !== undefined) return known;
    const store: Store = { manifests: new Map(), tags: new Map(), blobs: new Map(), uploads: new Map() };
    this.#stores.set(repository, store);
    return store;
  }
}

function moved(tag: string, found: Digest, digest: Digest): RegistryError {
  return new RegistryError('moved', `${tag} points to ${found}, not ${digest}: tag moves are not supported`);
}

function matches(call: Call, which: Partial<Call>): boolean {
  return (
    (which.verb === undefined || call.verb === which.verb) &&
    (which.repository === undefined || call.repository === which.repository) &&
    (which.what === undefined || call.what === which.what)
  );
}

/** Google answers with an empty list where there is no repository. */
function googleListing(store: Store | undefined): Listing {
  const tags = new Map(store?.tags);
  const tagsOf = (digest: Digest) => Array.from(tags.keys()).filter((tag) => tags.get(tag) === digest);
  const digests = Array.from(store?.manifests.keys() ?? []);
  const manifests = new Map(digests.map((digest) => [digest, tagsOf(digest)]));
  const isIndex = (digest: Digest) => isIndexType(store?.manifests.get(digest)?.mediaType ?? '');
  const has = (digest: Digest) => manifests.has(digest);
  return { kind: 'digests', manifests, tags, has, indexes: new Set(digests.filter(isIndex)), children: [] };
}

/** Holds the end back and fails, as the port promises. */
function damagedStream(bytes: Uint8Array, digest: Digest): Readable {
  return Readable.from(
    (async function* () {
      yield bytes.subarray(0, bytes.length - 1);
      throw new RegistryError('mismatch', `GET https://test: the bytes are not ${digest}`);
    })(),
  );
}

async function readAll(body: BlobBody): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  return buffer(body);
}
