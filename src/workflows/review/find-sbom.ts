import { readBlob } from '../../attachments/read-blob.ts';
import { isObject, parseJsonObject, textOf } from '../../base/json.ts';
import { SingleFlight } from '../../base/single-flight.ts';
import type { CosignSuffix } from '../../image/attachment-tags.ts';
import { AttachmentFinder } from '../../attachments/attachment-finder.ts';
import { readAttachment } from '../../attachments/read-attachment.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import { parseReferences, type RawManifest } from '../../image/oci-manifest.ts';
import type { Repository } from '../../image/repository.ts';
import type { BrowseRegistry } from '../../ports/registry.ts';
import { annotationsOf } from './image-facts.ts';
import { type PackageList, parseSbom } from './packages.ts';
import type { ImageFacts } from './read-image.ts';

/** The packages of an image, or the reason why they are unknown. */
export type FoundSbom = PackageList | { readonly reason: string };

export interface SbomRequest {
  readonly image: ImageFacts;
  /** The manifest of the platform whose packages are compared. */
  readonly platform: Digest;
  /** The repositories to search: SBOMs are often left where the image was built. */
  readonly repositories: readonly Repository[];
}

/** Bytes of an SBOM. An SBOM with 30,000 packages is smaller. */
const MAX_SBOM = 16 * 1024 * 1024;
/** Manifests and layers that are read in search of one SBOM. */
const MAX_CANDIDATES = 4;

/** Artifact types of SBOMs, and of attestations, which may be SBOMs. */
const SBOM_TYPE = /spdx|cyclonedx|sbom/i;
const ATTESTATION_TYPE = /in-toto|dsse|sigstore\.bundle/i;

/** A manifest that may be an SBOM. */
interface Candidate {
  /** With the suffix of a tag of cosign's. */
  readonly artifactType: string;
  /** Undefined if it is missing, or attached to something else. */
  readonly read: () => Promise<RawManifest | undefined>;
}

/** Finds the SBOM of one platform of an image. */
export class SbomFinder {
  readonly #registry: BrowseRegistry;
  readonly #attachments: AttachmentFinder;
  readonly #signal: AbortSignal;
  readonly #found = new SingleFlight<string, FoundSbom>();

  constructor(registry: BrowseRegistry, signal: AbortSignal) {
    this.#registry = registry;
    this.#attachments = new AttachmentFinder(registry);
    this.#signal = signal;
  }

  /**
   * The first SBOM of these: BuildKit's attestation in the index, referrers of the image, cosign's tags `.sbom` and `.att`,
   * and the same for the manifest of the platform. Throws a `RegistryError`.
   */
  find(request: SbomRequest): Promise<FoundSbom> {
    return this.#found.run(`${request.image.digest} ${request.platform}`, () => this.#find(request));
  }

  async #find({ image, platform, repositories }: SbomRequest): Promise<FoundSbom> {
    const attestation = image.attestations.get(platform);
    const read = (digest: Digest) => this.#registry.fetchManifest(image.repository, digest, this.#signal);
    const own = attestation === undefined ? [] : [{ artifactType: '', read: () => read(attestation) }];
    let found = await this.#readAll(own, image.repository);
    for (const repository of repositories) {
      for (const subject of new Set([image.digest, platform])) {
        if (isUsable(found)) return found;
        found = prefer(found, await this.#readAll(await this.#attachedTo(subject, repository), repository));
      }
    }
    return found ?? { reason: 'no SBOM found' };
  }

  /** Attachments that may be SBOMs, the most likely first. */
  async #attachedTo(subject: Digest, repository: Repository): Promise<readonly Candidate[]> {
    const all = await this.#attachments.of(repository, subject, this.#signal);
    const referrers = all.filter(({ place }) => place.kind !== 'tag');
    const tagged = (suffix: CosignSuffix) =>
      all.filter(({ place }) => place.kind === 'tag' && place.suffix === suffix);
    const found = [
      ...referrers.filter(({ artifactType }) => SBOM_TYPE.test(artifactType)),
      ...referrers.filter(({ artifactType }) => ATTESTATION_TYPE.test(artifactType)),
      ...tagged('sbom'),
      ...tagged('att'),
    ];
    return found.map((attachment) => ({
      artifactType: `${attachment.artifactType} ${attachment.place.kind === 'tag' ? attachment.place.suffix : ''}`,
      read: async () => {
        const read = await readAttachment(this.#registry, { repository, subject, attachment }, this.#signal);
        return 'ignored' in read ? undefined : read.manifest;
      },
    }));
  }

  /** The first SBOM in the layers of the candidates; undefined if no layer claims to be one. */
  async #readAll(candidates: readonly Candidate[], repository: Repository): Promise<FoundSbom | undefined> {
    let unusable: FoundSbom | undefined;
    for (const { artifactType, read } of candidates.slice(0, MAX_CANDIDATES)) {
      const manifest = await read();
      for (const layer of manifest === undefined ? [] : sbomLayers(manifest, artifactType)) {
        const found = await this.#readLayer(layer.blob, repository);
        if (isUsable(found)) return found;
        if (layer.isClaimed) unusable ??= found;
      }
    }
    return unusable;
  }

  async #readLayer(blob: Descriptor, repository: Repository): Promise<FoundSbom> {
    if (blob.size > MAX_SBOM) {
      const [size, limit] = [blob.size, MAX_SBOM].map((bytes) => Math.ceil(bytes / 1024 / 1024));
      return { reason: `SBOM of ${size} MiB not read: the limit is ${limit} MiB` };
    }
    const bytes = await readBlob(this.#registry, { repository, blob }, this.#signal);
    return (
      parseSbom(bytes) ?? { reason: 'SBOM of unknown format: CycloneDX JSON and SPDX 2 JSON are compared' }
    );
  }
}

function isUsable(found: FoundSbom | undefined): found is PackageList {
  return found !== undefined && 'packages' in found;
}

/** Prefers an SBOM to a reason, and the first reason to later ones. */
function prefer(found: FoundSbom | undefined, next: FoundSbom | undefined): FoundSbom | undefined {
  return isUsable(next) ? next : (found ?? next);
}

/** A layer that may be an SBOM. `isClaimed`: a media type or an annotation says so. */
interface SbomLayer {
  readonly blob: Descriptor;
  readonly isClaimed: boolean;
}

/** The annotations of BuildKit and of cosign with the type of an attestation. */
const PREDICATE_TYPES = ['in-toto.io/predicate-type', 'predicateType'] as const;

/** The layers of a manifest without attestations of other kinds. Throws a `ManifestError` for a malformed manifest. */
function sbomLayers(manifest: RawManifest, artifactType: string): readonly SbomLayer[] {
  const blobs = new Map(parseReferences(manifest).blobs.map((blob) => [blob.digest as string, blob]));
  const { layers, blobs: others } = parseJsonObject(manifest.bytes) ?? {};
  const entries: readonly unknown[] = Array.isArray(layers) ? layers : Array.isArray(others) ? others : [];
  const found = entries.filter(isObject).flatMap((entry): readonly SbomLayer[] => {
    const blob = blobs.get(textOf(entry, 'digest') ?? '');
    const annotations = annotationsOf(entry);
    const predicate = PREDICATE_TYPES.map((name) => annotations.get(name)).find((one) => one !== undefined);
    if (blob === undefined || (predicate !== undefined && !SBOM_TYPE.test(predicate))) return [];
    return [{ blob, isClaimed: SBOM_TYPE.test(`${artifactType} ${blob.mediaType} ${predicate}`) }];
  });
  return found.slice(0, MAX_CANDIDATES);
}
