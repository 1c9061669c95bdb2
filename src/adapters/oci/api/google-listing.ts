import { isObject, type JsonObject } from '../../../base/json.ts';
import { type Digest, parseDigest } from '../../../image/digest.ts';
import { isIndexType } from '../../../image/media-types.ts';
import { type ImageName, parseImageName } from '../../../image/repository.ts';
import { parseTag, type Tag } from '../../../image/tag.ts';
import type { DigestListing, Listing } from '../../../ports/registry.ts';
import { fitTexts, type LeaveOut } from './invalid-names.ts';

/** True for a page of Google's listing: a map of digests with their tags, or, without images, at least `child`. */
export function isGooglePage({ manifest, child }: JsonObject): boolean {
  return isObject(manifest) || Array.isArray(child);
}

/**
 * Google's listing, page by page; Google itself sends one page. Most digests have no tag: they are read when they are
 * first needed, which a promotion hardly ever does.
 */
export class GoogleListing {
  readonly #leaveOut: LeaveOut;
  readonly #tags = new Map<Tag, Digest>();
  /** The lists of tags beside the maps of digests. */
  readonly #named: (readonly unknown[])[] = [];
  readonly #children = new Set<ImageName>();
  readonly #images: Images;

  constructor(leaveOut: LeaveOut) {
    this.#leaveOut = leaveOut;
    this.#images = new Images(leaveOut);
  }

  /** The number of digests and children so far. */
  get size(): number {
    return this.#images.read().manifests.size + this.#children.size;
  }

  add({ manifest, child, tags }: JsonObject): void {
    const page = isObject(manifest) ? manifest : {};
    this.#images.add(page);
    for (const key of Object.keys(page)) {
      const own = tagsOf(page[key]);
      const digest = own.length === 0 ? undefined : parseDigest(key);
      if (digest === undefined) continue;
      for (const tag of this.#fit(own, parseTag)) this.#tags.set(tag, digest);
    }
    for (const name of this.#fit(listIn(child), parseChild)) this.#children.add(name);
    this.#named.push(listIn(tags));
  }

  /** A tag without a digest, if there is one: then the map of digests is incomplete. */
  tagWithoutDigest(): Tag | undefined {
    const known: ReadonlyMap<unknown, Digest> = this.#tags;
    for (const name of this.#named.flat()) {
      const tag = typeof name === 'string' && !known.has(name) ? parseTag(name) : undefined;
      if (tag !== undefined) return tag;
    }
    return undefined;
  }

  listing(): Listing {
    return new GoogleDigests(this.#tags, { images: this.#images, children: Array.from(this.#children) });
  }

  #fit<T>(texts: readonly unknown[], parse: (text: string) => T | undefined): readonly T[] {
    return fitTexts(texts, { parse, leaveOut: this.#leaveOut });
  }
}

/**
 * A class, because an object with getters of its own gets a hidden class of its own too, which the collector frees late,
 * and the pages with it.
 */
class GoogleDigests implements DigestListing {
  readonly kind = 'digests';
  readonly tags: ReadonlyMap<Tag, Digest>;
  readonly children: readonly ImageName[];
  readonly #images: Images;

  constructor(
    tags: ReadonlyMap<Tag, Digest>,
    { images, children }: { readonly images: Images; readonly children: readonly ImageName[] },
  ) {
    this.tags = tags;
    this.children = children;
    this.#images = images;
  }

  has(digest: Digest): boolean {
    return this.#images.has(digest);
  }

  get manifests(): ReadonlyMap<Digest, readonly Tag[]> {
    return this.#images.read().manifests;
  }

  get indexes(): ReadonlySet<Digest> {
    return this.#images.read().indexes;
  }

  get uploaded(): ReadonlyMap<Digest, number> | undefined {
    const { uploaded } = this.#images.read();
    return uploaded.size === 0 ? undefined : uploaded; // a host that lists no times
  }
}

/** Every digest of some pages, and what the pages say of it. */
class Images {
  readonly manifests = new Map<Digest, readonly Tag[]>();
  readonly indexes = new Set<Digest>();
  /** Milliseconds since the epoch. */
  readonly uploaded = new Map<Digest, number>();
  readonly #leaveOut: LeaveOut;
  #unread: JsonObject[] = [];

  constructor(leaveOut: LeaveOut) {
    this.#leaveOut = leaveOut;
  }

  add(page: JsonObject): void {
    this.#unread.push(page);
  }

  has(digest: Digest): boolean {
    return this.manifests.has(digest) || this.#unread.some((page) => Object.hasOwn(page, digest));
  }

  /** With all pages so far. */
  read(): Pick<Images, 'manifests' | 'indexes' | 'uploaded'> {
    for (const [key, image] of this.#unread.flatMap((page) => Object.entries(page))) {
      const digest = parseDigest(key);
      if (digest === undefined) this.#leaveOut(key);
      else this.#addImage(digest, image);
    }
    this.#unread = [];
    return this;
  }

  #addImage(digest: Digest, image: unknown): void {
    const tags = fitTexts(tagsOf(image), { parse: parseTag, leaveOut: () => {} }); // counted with the tags
    const known = this.manifests.get(digest);
    this.manifests.set(digest, known === undefined ? tags : [...known, ...tags]);
    if (!isObject(image)) return;
    const { mediaType, timeUploadedMs: time } = image;
    if (typeof mediaType === 'string' && isIndexType(mediaType)) this.indexes.add(digest);
    if (isTime(time)) this.uploaded.set(digest, Number(time));
  }
}

function tagsOf(image: unknown): readonly unknown[] {
  return listIn(isObject(image) ? image['tag'] : undefined);
}

function listIn(field: unknown): readonly unknown[] {
  return Array.isArray(field) ? field : [];
}

/** Google writes milliseconds since the epoch as text. A number above the last date of JavaScript is no time. */
function isTime(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,16}$/.test(value) && Number(value) <= LAST_DATE;
}

const LAST_DATE = 8.64e15;

/** A child is one path component: any other text would lead to another path. */
function parseChild(text: string): ImageName | undefined {
  return text.includes('/') ? undefined : parseImageName(text);
}
