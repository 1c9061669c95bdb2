import { isObject, parseJsonObject } from '../../base/json.ts';
import { getOrMake, groupBy } from '../../base/maps.ts';
import { type Digest, parseDigest } from '../../image/digest.ts';
import {
  DOCKER_CONFIG,
  isBlobType,
  isIndexType,
  isSchema1Type,
  OCI_CONFIG,
  OCI_EMPTY,
} from '../../image/media-types.ts';
import type { RawManifest } from '../../image/oci-manifest.ts';
import { formatPlatform } from '../../image/platform.ts';
import { formatReference } from '../../image/reference.ts';
import type { Repository } from '../../image/repository.ts';
import type { Tag } from '../../image/tag.ts';
import { isWritable, type Plan, type WritableItem } from '../../plan/plan.ts';
import type { ReadRegistry } from '../../ports/registry.ts';
import { orUnreadable } from '../../ports/unreadable.ts';
import type { ScanResult, ScanTarget, VulnerabilitySource } from '../../ports/vulnerabilities.ts';
import type { CheckContext } from '../rule.ts';
import { firstFound } from '../source-walk.ts';

/** A digest to promote, with all of its edges. */
export interface ImageToScan {
  readonly digest: Digest;
  /** Where it is at its sources, in the order to try. */
  readonly repositories: readonly Repository[];
  readonly tags: readonly Tag[];
  readonly edges: readonly WritableItem[];
}

/** The result of an image, or of one in an index. */
export interface ScannedPart {
  readonly digest: Digest;
  /** Its platform by the index, `linux/amd64`. Unset: the index names none, or there is no index. */
  readonly platform?: string | undefined;
  readonly result: ScanResult;
}

export interface ImageScan {
  /** `repository@digest`. */
  readonly name: string;
  /** Empty for an artifact that is no container image. */
  readonly parts: readonly ScannedPart[];
}

/** Each digest that is to be written once, whatever its sources. */
export function imagesToScan(plan: Plan): readonly ImageToScan[] {
  const byDigest = groupBy(plan.items.filter(isWritable), ({ digest }) => digest);
  return Array.from(byDigest, ([digest, edges]) => ({
    digest,
    edges,
    repositories: Array.from(new Set(edges.flatMap(({ sources, siblings }) => [...sources, ...siblings]))),
    tags: Array.from(new Set(edges.flatMap(({ tag }) => tag ?? []))),
  }));
}

type Registries = Pick<CheckContext, 'source' | 'destination'>;

/** Far more manifests than any image has: an index of more is not scanned. */
const MAX_MANIFESTS = 500;

/** An entry of an index. */
interface Entry {
  readonly digest: Digest;
  readonly platform: string | undefined;
}

/** Where the manifest of an image was found. */
interface Place {
  readonly repository: Repository;
  readonly registry: ReadRegistry;
}

/** Finds the results of images. A digest that several images contain is scanned once. */
export class ImageScanner {
  readonly #source: VulnerabilitySource;
  readonly #registries: Registries;
  readonly #known = new Map<string, Promise<ScanResult>>();

  constructor(source: VulnerabilitySource, registries: Registries) {
    this.#source = source;
    this.#registries = registries;
  }

  /** An index without a result as a whole is judged by those of its platforms. Throws only if the signal is aborted. */
  async scan(image: ImageToScan, signal: AbortSignal): Promise<ImageScan> {
    const { digest, tags } = image;
    const found = await orUnreadable(this.#find(image, signal), signal);
    if (found === undefined || 'kind' in found) {
      const reason = found === undefined ? 'it does not exist' : found.reason;
      const [first] = image.repositories;
      const name = first === undefined ? digest : formatReference(first, digest);
      return { name, parts: [unscanned(digest, `its manifest could not be read: ${reason}`)] };
    }
    const { place, manifest } = found;
    const { repository } = place;
    const name = formatReference(repository, digest);
    const isIndex = isIndexType(manifest.mediaType);
    if (!isIndex && !isContainerImage(manifest)) return { name, parts: [] };
    const target = { repository, digest, tags };
    if (!isIndex || this.#source.indexResults === 'whole') {
      const result = await this.#scan(target, signal);
      if (!isIndex || result.notScanned === undefined) return { name, parts: [{ digest, result }] };
    }
    const images = await orUnreadable(this.#imagesIn(manifest, place, signal), signal);
    if ('kind' in images) return { name, parts: [unscanned(digest, images.reason)] };
    return { name, parts: await this.#scanAll(images, target, signal) };
  }

  /** A digest that gets another tag may be at its destination alone. */
  async #find({ digest, repositories, edges }: ImageToScan, signal: AbortSignal) {
    const { source, destination } = this.#registries;
    const read = (registry: ReadRegistry) => async (repository: Repository) => {
      const manifest = await registry.fetchManifest(repository, digest, signal);
      return manifest && { place: { repository, registry }, manifest };
    };
    const holders = edges.flatMap((edge) => (edge.decision === 'add-tag' ? edge.destination : []));
    return (await firstFound(repositories, read(source))) ?? (await firstFound(holders, read(destination)));
  }

  /** The results of images in an index: of each by its own digest, and by the digest of the index with its platform. */
  async #scanAll(
    images: readonly Entry[],
    index: ScanTarget,
    signal: AbortSignal,
  ): Promise<readonly ScannedPart[]> {
    const parts: ScannedPart[] = [];
    for (const { digest, platform } of images) {
      const targets: ScanTarget[] = [{ ...index, digest, tags: [] }];
      if (this.#source.indexResults === 'platforms') targets.push(...targetsIn(index, images, platform));
      const results: ScanResult[] = [];
      // oxlint-disable-next-line no-await-in-loop -- images are scanned concurrently, the platforms of one are not
      for (const target of targets) results.push(await this.#scan(target, signal));
      const scanned = results.filter(({ notScanned }) => notScanned === undefined);
      const used = scanned.length > 0 ? scanned : results.slice(-1);
      parts.push(...used.map((result) => ({ digest, platform, result })));
    }
    return parts;
  }

  /** The container images in an index and in the indexes that it contains. Throws for an index that cannot be read. */
  async #imagesIn(
    root: RawManifest,
    { repository, registry }: Place,
    signal: AbortSignal,
  ): Promise<readonly Entry[]> {
    const images: Entry[] = [];
    const seen = new Map(entriesOf(root).map((entry) => [entry.digest, entry])); // grows while it is iterated over
    for (const [digest, entry] of seen) {
      // oxlint-disable-next-line no-await-in-loop -- mostly cached: a run that copies or proves the image reads them all
      const manifest = await registry.fetchManifest(repository, digest, signal);
      if (manifest === undefined) throw new Error(`the manifest ${digest} in it does not exist`);
      if (isIndexType(manifest.mediaType)) for (const one of entriesOf(manifest)) seen.set(one.digest, one);
      else if (isContainerImage(manifest)) images.push(entry);
      if (seen.size > MAX_MANIFESTS) throw new Error(`it contains more than ${MAX_MANIFESTS} manifests`);
    }
    return images;
  }

  #scan(target: ScanTarget, signal: AbortSignal): Promise<ScanResult> {
    // reports in files may name an image by its tag alone
    const tags = this.#source.indexResults === 'platforms' ? target.tags : [];
    const key = [target.digest, target.platform, ...tags].join(' ');
    return getOrMake(this.#known, key, () => this.#source.scan(target, signal));
  }
}

/** The index, as the target of one platform. None if several images are of the platform. */
function targetsIn(
  index: ScanTarget,
  images: readonly Entry[],
  platform: string | undefined,
): readonly ScanTarget[] {
  if (images.length === 1) return [index];
  const isClear = platform !== undefined && images.filter((one) => one.platform === platform).length === 1;
  return isClear ? [{ ...index, platform }] : [];
}

function unscanned(digest: Digest, reason: string): ScannedPart {
  return { digest, result: { vulnerabilities: [], notScanned: reason } };
}

const IMAGE_LAYER = /^application\/vnd\.(?:oci\.image\.layer|docker\.image\.rootfs)\./;

/**
 * Whether a runtime could run it. Layers of an image with a config of another type do not make it an artifact, unless the
 * config is the empty one: otherwise an odd type would lead past the scan.
 */
function isContainerImage({ mediaType, bytes }: RawManifest): boolean {
  if (isSchema1Type(mediaType)) return true;
  const { config, layers } = parseJsonObject(bytes) ?? {};
  const type = isObject(config) ? config['mediaType'] : undefined;
  if (type === OCI_CONFIG || type === DOCKER_CONFIG) return true;
  const all: readonly unknown[] = Array.isArray(layers) ? layers : [];
  return type !== OCI_EMPTY && all.some((one) => isObject(one) && IMAGE_LAYER.test(String(one['mediaType'])));
}

/** The entries of an index that may be images. The attestations of BuildKit are for `unknown/unknown`. */
function entriesOf({ bytes }: RawManifest): readonly Entry[] {
  const list = parseJsonObject(bytes)?.['manifests'];
  const entries: readonly unknown[] = Array.isArray(list) ? list : [];
  return entries.filter(isObject).flatMap(({ digest: text, mediaType, platform: fields }) => {
    const platform = isObject(fields) ? formatPlatform(fields) : undefined;
    const digest = parseDigest(String(text));
    const isOther = platform === 'unknown/unknown' || isBlobType(String(mediaType));
    return isOther || digest === undefined ? [] : { digest, platform };
  });
}
