import { createCipheriv, createHash } from 'node:crypto';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import type { RegistryStore } from '../../src/embedded-registry/storage/store.ts';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { type Digest, digestOf } from '../../src/image/digest.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_EMPTY,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';
import type { RawManifest } from '../../src/image/oci-manifest.ts';
import type { Blob, Content, Platform } from './content.ts';

export { type Blob, blobsOf, type Content, manifestsOf, type Platform } from './content.ts';
export { pushOverHttp } from './push-over-http.ts';

export type Format = 'oci' | 'docker';

export interface ImageRecipe {
  readonly seed: string;
  /** How many layers of its own, or layers to share. Default 2. */
  readonly layers?: number | readonly Blob[];
  /** Of a layer of its own. Default 1024. */
  readonly layerBytes?: number;
  /** Default linux/amd64. */
  readonly platform?: Platform;
  /** In the config. Default 2024-01-02T03:04:05Z. */
  readonly created?: string;
  readonly format?: Format;
  readonly subject?: Content;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface IndexRecipe {
  readonly children: readonly Content[];
  readonly format?: Format;
  readonly subject?: Content;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Bytes that a seed stands for: the same on every machine, and never compressible. */
export function blob(seed: string, size: number): Buffer {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

/** A layer to share between images. Its bytes are no tar archive. */
export function layer(seed: string, size = 1024, format: Format = 'oci'): Blob {
  return asBlob(TYPES[format].layer, blob(`layer ${seed}`, size));
}

/** An image with a config that names its platform and its layers. */
export function image(recipe: ImageRecipe): Content {
  const { layers = 2, format = 'oci', platform = { os: 'linux', architecture: 'amd64' } } = recipe;
  const types = TYPES[format];
  const contents = typeof layers === 'number' ? ownLayers(recipe, layers) : layers;
  const config = asBlob(types.config, json(imageConfig(recipe, platform, contents)));
  const body = { config: describe(config), layers: contents.map(describe), ...extras(recipe) };
  const manifest = asManifest(types.manifest, body);
  return { manifest, blobs: [config, ...contents], children: [], platform };
}

/** An index (or Docker list) of images, of other indexes, or of nothing. */
export function index({ children, format = 'oci', ...recipe }: IndexRecipe): Content {
  const manifests = children.map(({ manifest, platform }) => ({ ...describe(manifest), platform }));
  return { manifest: asManifest(TYPES[format].index, { manifests, ...extras(recipe) }), blobs: [], children };
}

export const PLATFORMS: readonly Platform[] = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm', variant: 'v7' },
  { os: 'linux', architecture: 'arm64' },
  { os: 'linux', architecture: 'ppc64le' },
  { os: 'linux', architecture: 's390x' },
];

/** An index of images for some platforms, which share a base layer. */
export function multiArch(seed: string, options: { platforms?: number; format?: Format } = {}): Content {
  const { platforms = 3, format = 'oci' } = options;
  const base = layer(`${seed} base`, 2048, format);
  const children = PLATFORMS.slice(0, platforms).map((platform) => {
    const own = layer(`${seed} ${platform.architecture}`, 1024, format);
    return image({ seed: `${seed} ${platform.architecture}`, layers: [base, own], platform, format });
  });
  return index({ children, format });
}

/** An index that holds an index and an image. */
export function nestedIndex(seed: string): Content {
  return index({
    children: [multiArch(`${seed} inner`, { platforms: 2 }), image({ seed: `${seed} outer` })],
  });
}

export function helmChart(seed: string): Content {
  const config = asBlob(
    'application/vnd.cncf.helm.config.v1+json',
    json({ apiVersion: 'v2', name: seed, version: '1.0.0' }),
  );
  const chart = asBlob('application/vnd.cncf.helm.chart.content.v1.tar+gzip', blob(`chart ${seed}`, 700));
  const manifest = asManifest(OCI_MANIFEST, { config: describe(config), layers: [describe(chart)] });
  return { manifest, blobs: [config, chart], children: [] };
}

/** An artifact with the empty config; with a subject it is a referrer. */
export function artifact(seed: string, recipe: { artifactType?: string; subject?: Content } = {}): Content {
  const config = asBlob(OCI_EMPTY, Buffer.from('{}'));
  const payload = asBlob('application/octet-stream', blob(`artifact ${seed}`, 300));
  const { artifactType = 'application/vnd.example.artifact.v1' } = recipe;
  const body = { artifactType, config: describe(config), layers: [describe(payload)], ...extras(recipe) };
  return { manifest: asManifest(OCI_MANIFEST, body), blobs: [config, payload], children: [] };
}

/** A Windows image of Docker's whose base layer lies elsewhere: no registry holds it. */
export function foreignLayerImage(seed: string): Content {
  const platform = { os: 'windows', architecture: 'amd64' };
  const foreign = asBlob(
    'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
    blob(`foreign ${seed}`, 900),
  );
  const own = layer(seed, 500, 'docker');
  const config = asBlob(DOCKER_CONFIG, json(imageConfig({ seed }, platform, [foreign, own])));
  const away = { ...describe(foreign), urls: [`https://example.com/${foreign.digest}`] };
  const body = { config: describe(config), layers: [away, describe(own)] };
  return { manifest: asManifest(DOCKER_MANIFEST, body), blobs: [config, own], children: [], platform };
}

/** An image whose base layer is nondistributable, but has no `urls`: only a registry can have it. */
export function nondistributableImage(seed: string, format: Format = 'oci'): Content {
  const types = {
    oci: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    docker: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  };
  const base = asBlob(types[format], blob(`nondistributable ${seed}`, 900));
  return image({ seed, format, layers: [base, layer(seed, 500, format)] });
}

/** An index that lists blobs among its `manifests`, as a registry cache of buildx does; of these types, or its own. */
export function buildCache(
  seed: string,
  types: readonly string[] = [OCI_LAYER_GZIP, OCI_LAYER_GZIP, 'application/vnd.buildkit.cacheconfig.v0'],
): Content {
  const blobs = types.map((type, number) => asBlob(type, blob(`cache ${seed} ${number}`, 700)));
  return { manifest: asManifest(OCI_INDEX, { manifests: blobs.map(describe) }), blobs, children: [] };
}

/** Puts content and all that it leads to into an embedded registry, past the wire: children and blobs first. */
export function push(
  target: Pick<EmbeddedRegistry, 'store'> | RegistryStore,
  repository: string,
  content: Content,
  ...tags: readonly string[]
): Digest {
  const store = 'store' in target ? target.store : target;
  for (const child of content.children) push(store, repository, child);
  for (const { bytes, digest } of content.blobs) store.putBlob(repository, bytes, digest);
  const { mediaType, bytes, digest } = content.manifest;
  for (const reference of [digest, ...tags]) store.putManifest(repository, reference, mediaType, bytes);
  return digest;
}

const TYPES = {
  oci: { index: OCI_INDEX, manifest: OCI_MANIFEST, config: OCI_CONFIG, layer: OCI_LAYER_GZIP },
  docker: { index: DOCKER_LIST, manifest: DOCKER_MANIFEST, config: DOCKER_CONFIG, layer: DOCKER_LAYER_GZIP },
} as const;

function ownLayers({ seed, layerBytes = 1024, format }: ImageRecipe, count: number): Blob[] {
  return Array.from({ length: count }, (_, number) => layer(`${seed} ${number}`, layerBytes, format));
}

function imageConfig(
  { seed, created = '2024-01-02T03:04:05Z' }: ImageRecipe,
  platform: Platform,
  layers: readonly Blob[],
): unknown {
  return {
    created,
    ...platform,
    config: { Labels: { seed } },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    history: layers.map(() => ({ created: '2024-01-02T03:04:05Z', created_by: seed })),
  };
}

function extras(recipe: Pick<ImageRecipe, 'subject' | 'annotations'>): object {
  return {
    ...(recipe.subject && { subject: describe(recipe.subject.manifest) }),
    ...(recipe.annotations && { annotations: recipe.annotations }),
  };
}

function asManifest(mediaType: string, body: object): RawManifest {
  return asBlob(mediaType, json({ schemaVersion: 2, mediaType, ...body }));
}

function asBlob(mediaType: string, bytes: Uint8Array): Blob {
  return { mediaType, digest: digestOf(bytes), bytes };
}

function describe({ mediaType, digest, bytes }: Blob): Descriptor {
  return { mediaType, digest, size: bytes.length };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
