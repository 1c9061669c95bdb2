import type { Digest } from '../../src/image/digest.ts';
import type { RawManifest } from '../../src/image/oci-manifest.ts';

export interface Blob {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
}

/** A manifest and everything that it leads to. */
export interface Content {
  readonly manifest: RawManifest;
  /** Without foreign layers: nobody has those. */
  readonly blobs: readonly Blob[];
  readonly children: readonly Content[];
  /** Of an image, for the index that it goes into. */
  readonly platform?: Platform;
}

/** Every manifest of a closure, children before parents, each once. */
export function manifestsOf(content: Content): RawManifest[] {
  const all = [...content.children.flatMap(manifestsOf), content.manifest];
  return [...new Map(all.map((manifest) => [manifest.digest, manifest])).values()];
}

/** Every blob of a closure, each once. */
export function blobsOf(content: Content): Blob[] {
  const all = [...content.blobs, ...content.children.flatMap(blobsOf)];
  return [...new Map(all.map((blob) => [blob.digest, blob])).values()];
}
