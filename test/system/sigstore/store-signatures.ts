import type { EmbeddedRegistry } from '../../../src/embedded-registry/embedded-registry.ts';
import { digestOf } from '../../../src/image/digest.ts';
import { OCI_CONFIG, OCI_EMPTY, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import {
  BUNDLE,
  BUNDLE_ANNOTATIONS,
  LAYER_ANNOTATIONS,
  SIMPLE_SIGNING,
} from '../../../src/signature/media-types.ts';
import type { StoredSignature } from '../../../src/signature/stored-signature.ts';
import type { Content } from '../../builders/images.ts';

// Stores signatures beside an image of the embedded registry, as cosign does.

export interface Place {
  readonly registry: EmbeddedRegistry;
  readonly repository: string;
  readonly image: Content;
}

/** Stores a bundle as a referrer. */
export function storeBundle(place: Place, bundle: Uint8Array, predicateType: string): void {
  const { digest, mediaType, bytes } = place.image.manifest;
  const manifest = json({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: BUNDLE,
    config: put(place, OCI_EMPTY, Buffer.from('{}')),
    layers: [put(place, BUNDLE, bundle)],
    subject: { mediaType, digest, size: bytes.length },
    annotations: {
      [BUNDLE_ANNOTATIONS.content]: 'dsse-envelope',
      [BUNDLE_ANNOTATIONS.predicateType]: predicateType,
      [BUNDLE_ANNOTATIONS.created]: '2026-11-28T00:00:00Z',
    },
  });
  place.registry.store.putManifest(place.repository, digestOf(manifest), OCI_MANIFEST, manifest);
}

/** Stores a signature under cosign's tag `.sig`. */
export function storeSignatureTag(
  place: Place,
  {
    payload,
    signature,
    certificate,
    chain,
    logEntry,
    timestamp,
  }: StoredSignature & { kind: 'simple-signing' },
): void {
  const annotations = {
    [LAYER_ANNOTATIONS.signature]: signature,
    [LAYER_ANNOTATIONS.certificate]: certificate,
    [LAYER_ANNOTATIONS.chain]: chain,
    [LAYER_ANNOTATIONS.logEntry]: logEntry,
    [LAYER_ANNOTATIONS.timestamp]: timestamp,
  };
  const manifest = json({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: put(place, OCI_CONFIG, Buffer.from('{"architecture":"","os":"","rootfs":{"type":"layers"}}')),
    layers: [{ ...put(place, SIMPLE_SIGNING, payload), annotations }],
  });
  const tag = `${place.image.manifest.digest.replace(':', '-')}.sig`;
  for (const reference of [digestOf(manifest), tag])
    place.registry.store.putManifest(place.repository, reference, OCI_MANIFEST, manifest);
}

function put({ registry, repository }: Place, mediaType: string, bytes: Uint8Array) {
  const digest = digestOf(bytes);
  registry.store.putBlob(repository, bytes, digest);
  return { mediaType, digest, size: bytes.length };
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
