import { isObject, type JsonObject } from '../../../base/json.ts';
import { type Digest, parseDigest } from '../../../image/digest.ts';
import { isIndexType } from '../../../image/media-types.ts';
import { type ImageName, parseImageName } from '../../../image/repository.ts';
import { parseTag, type Tag } from '../../../image/tag.ts';
import type { Listing } from '../../../ports/registry.ts';
import { fitTexts, type LeaveOut } from './invalid-names.ts';

/** True for a page of Google's listing: a map of digests with their tags, or, without images, at least `child`. */
export function isGooglePage({ manifest, child }: JsonObject): boolean {
  return isObject(manifest) || Array.isArray(child);
}

/** Google's listing, page by page; Google itself sends one page. */
export class GoogleListing {
  readonly #leaveOut: LeaveOut;
  readonly #manifests = new Map<Digest, readonly Tag[]>();
  readonly #tags = new Map<Tag, Digest>();
  /** The tags of the list beside the map of digests. */
  readonly #named = new Set<Tag>();
  readonly #indexes = new Set<Digest>();
  readonly #children = new Set<ImageName>();
  readonly #pages: JsonObject[] = [];

  constructor(leaveOut: LeaveOut) {
    this.#leaveOut = leaveOut;
  }

  /** The number of digests and children so far. */
  get size(): number {
    return this.#manifests.size + this.#children.size;
  }

  add({ manifest, child, tags }: JsonObject): void {
    const images = isObject(manifest) ? manifest : {};
    this.#pages.push(images);
    for (const key of Object.keys(images)) {
      const digest = parseDigest(key);
      const image = images[key];
      if (digest === undefined) this.#leaveOut(key);
      else this.#addImage(digest, isObject(image) ? image : {});
    }
    for (const name of this.#fit(child, parseChild)) this.#children.add(name);
    for (const tag of Array.isArray(tags) ? tags : []) {
      const named = typeof tag === 'string' ? parseTag(tag) : undefined;
      if (named !== undefined) this.#named.add(named);
    }
  }

  /** A tag without a digest, if there is one: then the map of digests is incomplete. */
  tagWithoutDigest(): Tag | undefined {
    for (const tag of this.#named) if (!this.#tags.has(tag)) return tag;
    return undefined;
  }

  listing(): Listing {
    const pages = this.#pages;
    return {
      kind: 'digests',
      manifests: this.#manifests,
      tags: this.#tags,
      indexes: this.#indexes,
      children: Array.from(this.#children),
      // read where it is needed: an audit needs it, a promotion does not
      get uploaded() {
        return uploadTimesOf(pages);
      },
    };
  }

  #addImage(digest: Digest, { tag, mediaType }: JsonObject): void {
    const own = this.#fit(tag, parseTag);
    const known = this.#manifests.get(digest);
    this.#manifests.set(digest, known === undefined ? own : [...known, ...own]);
    for (const one of own) this.#tags.set(one, digest);
    if (typeof mediaType === 'string' && isIndexType(mediaType)) this.#indexes.add(digest);
  }

  #fit<T>(list: unknown, parse: (text: string) => T | undefined): readonly T[] {
    return fitTexts(Array.isArray(list) ? list : [], { parse, leaveOut: this.#leaveOut });
  }
}

/** Undefined for a host that lists no times. */
function uploadTimesOf(pages: readonly JsonObject[]): ReadonlyMap<Digest, number> | undefined {
  const times = new Map<Digest, number>();
  for (const [key, image] of pages.flatMap((page) => Object.entries(page))) {
    const digest = parseDigest(key);
    const time = isObject(image) ? image['timeUploadedMs'] : undefined;
    if (digest !== undefined && isTime(time)) times.set(digest, Number(time));
  }
  return times.size === 0 ? undefined : times;
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
