import { messageOf } from '../../base/errors.ts';
import { forEachConcurrently } from '../../base/concurrency.ts';
import { SingleFlight } from '../../base/single-flight.ts';
import { quote } from '../../base/text.ts';
import { firstFound } from '../../checks/source-walk.ts';
import { readBlob } from '../../attachments/read-blob.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import { isManifestType, isSchema1Type, OCI_EMPTY } from '../../image/media-types.ts';
import { ManifestError, type RawManifest } from '../../image/oci-manifest.ts';
import type { Repository } from '../../image/repository.ts';
import type { ReadRegistry } from '../../ports/registry.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { type Config, isKnownConfig, parseConfig } from './config-fields.ts';
import { type ImageContent, type ManifestFacts, parseContent, parseManifestFacts } from './image-facts.ts';

/** The content of an image, from its manifests. */
export interface ImageFacts extends Pick<ImageContent, 'annotations' | 'attestations' | 'unknown'> {
  readonly digest: Digest;
  /** The repository that it was read from. */
  readonly repository: Repository;
  /** By name. */
  readonly platforms: ReadonlyMap<string, PlatformFacts>;
}

export interface PlatformFacts extends ManifestFacts {
  readonly digest: Digest;
}

/** Bytes of a config: a large one has a hundredth of this. */
const MAX_CONFIG = 2 * 1024 * 1024;
/** Concurrent requests for one image. */
const WORKERS = 4;

/** Reads each manifest and config once. */
export class ImageReader {
  readonly #registry: ReadRegistry;
  readonly #signal: AbortSignal;
  readonly #images = new SingleFlight<Digest, ImageFacts>();
  readonly #configs = new SingleFlight<Digest, Config | string>();

  constructor(registry: ReadRegistry, signal: AbortSignal) {
    this.#registry = registry;
    this.#signal = signal;
  }

  /** The image, from the first repository that has it. Throws a `RegistryError` or a `ManifestError`. */
  read(digest: Digest, repositories: readonly Repository[]): Promise<ImageFacts> {
    return this.#images.runAfter(digest, () => this.#read(digest, repositories));
  }

  /** The config of a manifest, or the reason why it cannot be compared. */
  config(config: Descriptor, repository: Repository): Promise<Config | string> {
    return this.#configs.run(config.digest, async () => {
      const { mediaType } = config;
      if (mediaType === OCI_EMPTY) return 'artifact without a config: nothing to compare';
      if (!isKnownConfig(mediaType)) return `config of unknown type ${quote(mediaType)} not compared`;
      if (config.size > MAX_CONFIG)
        return `config of ${config.size} bytes not read: the limit is ${MAX_CONFIG}`;
      const bytes = await readBlob(this.#registry, { repository, blob: config }, this.#signal);
      try {
        return parseConfig(mediaType, bytes) ?? 'its config is not a JSON object';
      } catch (error) {
        if (error instanceof RangeError) return 'its config is nested too deeply to be compared';
        throw error;
      }
    });
  }

  async #read(digest: Digest, repositories: readonly Repository[]): Promise<ImageFacts> {
    const found = await firstFound(repositories, async (repository) => {
      const manifest = await this.#registry.fetchManifest(repository, digest, this.#signal);
      return manifest && { repository, manifest };
    });
    if (found === undefined) {
      throw new RegistryError('refused', `${digest} does not exist in ${repositories.join(', ')}`);
    }
    const { repository, manifest } = found;
    const { platforms, ...content } = parseContent(manifest);
    const platformFacts = new Map<string, PlatformFacts>();
    const unknown = Array.from(content.unknown);
    await forEachConcurrently(platforms, { workers: WORKERS, signal: this.#signal }, async (entry) => {
      const facts = await this.#readManifest(entry.digest, { repository, root: manifest });
      if (typeof facts === 'string') unknown.push(`${entry.name ?? 'manifest'}: ${facts}`);
      else
        platformFacts.set(entry.name ?? (await this.#nameOf(facts, { repository, unknown })), {
          ...facts,
          digest: entry.digest,
        });
      if (entry.name === undefined && isSchema1Type(manifest.mediaType))
        unknown.push('Docker schema 1 manifest: it has no config and no sizes');
    });
    return { ...content, digest, repository, platforms: platformFacts, unknown: unknown.toSorted() };
  }

  /** A manifest, or the reason why it cannot be compared. */
  async #readManifest(
    digest: Digest,
    { repository, root }: { readonly repository: Repository; readonly root: RawManifest },
  ): Promise<ManifestFacts | string> {
    const manifest =
      digest === root.digest ? root : await this.#registry.fetchManifest(repository, digest, this.#signal);
    if (manifest === undefined) return `${digest} does not exist in ${repository}`;
    if (!isManifestType(manifest.mediaType)) return `manifest of unknown type ${quote(manifest.mediaType)}`;
    try {
      return parseManifestFacts(manifest);
    } catch (error) {
      if (error instanceof ManifestError) return messageOf(error);
      throw error;
    }
  }

  /** The platform of a manifest without an index, from its config. */
  async #nameOf(
    { config }: ManifestFacts,
    { repository, unknown }: { readonly repository: Repository; readonly unknown: string[] },
  ): Promise<string> {
    const read = config && (await this.config(config, repository));
    if (typeof read === 'string') unknown.push(read);
    return typeof read === 'object' ? read.platform : 'artifact';
  }
}
