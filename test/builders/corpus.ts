import { createCipheriv, createHash } from 'node:crypto';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { type Digest, digestOf } from '../../src/image/digest.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';
import type { RawManifest } from '../../src/image/oci-manifest.ts';
import { gzipStored, tarOfOneFile } from './tar.ts';

/** Multi-arch images that share layers as real ones do, the same bytes on every machine. */
export interface Corpus {
  readonly images: readonly CorpusImage[];
  /** Every blob once. */
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
}

/** One tag: an OCI index or a Docker manifest list. */
export interface CorpusImage {
  /** Without host and prefix. */
  readonly repository: string;
  readonly tag: string;
  readonly index: RawManifest;
  /** One for each platform, to be pushed by digest only. */
  readonly manifests: readonly RawManifest[];
  /** Configs and layers of all platforms, each once. */
  readonly blobs: readonly Descriptor[];
}

export interface CorpusSize {
  readonly names: number;
  readonly versions: number;
  readonly platforms: number;
}

/**
 * Of full size 600 manifests, 1,591 blobs (63 MB) and 1,781 pairs of a repository and a blob: as many as in the
 * measurements that set the bar for requests.
 */
export const FULL_SIZE: CorpusSize = { names: 20, versions: 5, platforms: 5 };

const PLATFORMS = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm64' },
  { os: 'linux', architecture: 'arm', variant: 'v7' },
  { os: 'linux', architecture: 'ppc64le' },
  { os: 'linux', architecture: 's390x' },
] as const;

type Platform = (typeof PLATFORMS)[number];

interface Flavour {
  readonly index: string;
  readonly manifest: string;
  readonly config: string;
  readonly layer: string;
}

const OCI: Flavour = { index: OCI_INDEX, manifest: OCI_MANIFEST, config: OCI_CONFIG, layer: OCI_LAYER_GZIP };
const DOCKER: Flavour = {
  index: DOCKER_LIST,
  manifest: DOCKER_MANIFEST,
  config: DOCKER_CONFIG,
  layer: DOCKER_LAYER_GZIP,
};

const MIN_LAYER_BYTES = 10 * 1024;
const MAX_LAYER_BYTES = 100 * 1024;

interface Layer {
  readonly digest: Digest;
  readonly size: number;
  /** Of the archive before gzip. */
  readonly diffId: Digest;
}

/**
 * Builds the corpus: full size unless told otherwise. Names with an even number are OCI indexes, with an odd number
 * Docker manifest lists. Of a platform's layers, two are shared by all images, one by the versions of an image, and
 * one to three are an image's own.
 */
export function corpus(size: Partial<CorpusSize> = {}): Corpus {
  const { names, versions, platforms } = { ...FULL_SIZE, ...size };
  if (platforms > PLATFORMS.length)
    throw new Error(`the corpus knows ${PLATFORMS.length} platforms, not ${platforms}`);
  const store = new BlobStore();
  const images = range(names).flatMap((name) =>
    range(versions).map((version) => buildImage(store, { name, version, versions, platforms })),
  );
  return { images, blobs: store.blobs };
}

interface Place {
  readonly name: number;
  readonly version: number;
  readonly versions: number;
  readonly platforms: number;
}

function buildImage(store: BlobStore, place: Place): CorpusImage {
  const flavour = place.name % 2 === 0 ? OCI : DOCKER;
  const children = PLATFORMS.slice(0, place.platforms).map((platform, index) =>
    buildChild(store, flavour, { ...place, platform, index }),
  );
  const index = manifestOf(flavour.index, {
    manifests: children.map(({ manifest, platform }) => ({
      mediaType: manifest.mediaType,
      digest: manifest.digest,
      size: manifest.bytes.length,
      platform,
    })),
  });
  const blobs = new Map(children.flatMap((child) => child.blobs.map((blob) => [blob.digest, blob] as const)));
  return {
    repository: `img-${String(place.name).padStart(3, '0')}`,
    tag: `v1.${place.version}.0`,
    index,
    manifests: children.map(({ manifest }) => manifest),
    blobs: [...blobs.values()],
  };
}

function buildChild(
  store: BlobStore,
  flavour: Flavour,
  place: Place & { platform: Platform; index: number },
) {
  const layers = layerSeeds(place).map((seed) => store.layer(seed));
  const config = store.json({
    created: '2024-01-01T00:00:00Z',
    ...place.platform,
    config: { Cmd: [`/img-${place.name}`] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  });
  const configBlob: Descriptor = { mediaType: flavour.config, ...config };
  const layerBlobs = layers.map(
    ({ digest, size }): Descriptor => ({ mediaType: flavour.layer, digest, size }),
  );
  const manifest = manifestOf(flavour.manifest, { config: configBlob, layers: layerBlobs });
  return { manifest, platform: place.platform, blobs: [configBlob, ...layerBlobs] };
}

function layerSeeds({
  name,
  version,
  versions,
  platforms,
  index,
}: Place & { index: number }): readonly string[] {
  const child = (name * versions + version) * platforms + index;
  return [
    `base-a/${index}`,
    `base-b/${index}`,
    `name/${name}/${index}`,
    ...range(ownLayers(child)).map((own) => `own/${name}/${version}/${index}/${own}`),
  ];
}

/** 1, 2, 3, 1, 2, 3, … but every 27th child has one less: that makes 981 for 500 children. */
function ownLayers(child: number): number {
  return child % 27 === 26 ? 2 : (child % 3) + 1;
}

function manifestOf(mediaType: string, fields: object): RawManifest {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...fields }));
  return { mediaType, digest: digestOf(bytes), bytes };
}

class BlobStore {
  readonly blobs = new Map<Digest, Uint8Array>();
  readonly #layers = new Map<string, Layer>();

  layer(seed: string): Layer {
    const known = this.#layers.get(seed);
    if (known !== undefined) return known;
    const tar = tarOfOneFile(`usr/share/${seed}`, noise(seed));
    const layer = { ...this.#add(gzipStored(tar)), diffId: digestOf(tar) };
    this.#layers.set(seed, layer);
    return layer;
  }

  json(value: object): { digest: Digest; size: number } {
    return this.#add(Buffer.from(JSON.stringify(value)));
  }

  #add(bytes: Uint8Array): { digest: Digest; size: number } {
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { digest, size: bytes.length };
  }
}

/** Bytes that do not compress, always the same for a seed; their number is between the limits of a layer. */
function noise(seed: string): Buffer {
  const key = createHash('sha256').update(seed).digest();
  const length = MIN_LAYER_BYTES + (key.readUInt32BE(0) % (MAX_LAYER_BYTES - MIN_LAYER_BYTES));
  const cipher = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16));
  return cipher.update(Buffer.alloc(length));
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
