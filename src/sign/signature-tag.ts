import { isObject, type JsonObject, parseJsonObject } from '../base/json.ts';
import { digestOf } from '../image/digest.ts';
import { OCI_CONFIG, OCI_MANIFEST } from '../image/media-types.ts';
import type { RawManifest } from '../image/oci-manifest.ts';
import { LAYER_ANNOTATIONS, SIMPLE_SIGNING } from '../signature/media-types.ts';
import type { StoredSignature } from '../signature/stored-signature.ts';
import { describe, manifestOf } from './bundle-referrer.ts';

/** A signature of cosign's tag `.sig`. */
export type TagSignature = StoredSignature & { readonly kind: 'simple-signing' };

/** The manifest of a tag `.sig`, and the config that it names. */
export interface SignatureTag {
  readonly manifest: RawManifest;
  readonly config: Uint8Array;
}

/**
 * The manifest of a tag with one more signature: existing layers are kept, in their order. Undefined if the
 * tag has other content than signatures.
 */
export function addSignature(
  before: RawManifest | undefined,
  signature: TagSignature,
): SignatureTag | undefined {
  const document = before === undefined ? {} : parseJsonObject(before.bytes);
  const kept = document?.['layers'] ?? [];
  const isOther = before !== undefined && before.mediaType !== OCI_MANIFEST;
  if (document === undefined || isOther || !isLayerList(kept)) return undefined;
  const layers = [...kept, layerOf(signature)];
  const config = configOf(layers);
  const manifest = manifestOf({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: describe(config, OCI_CONFIG),
    layers,
    ...(isObject(document['annotations']) && { annotations: document['annotations'] }),
  });
  return { manifest, config };
}

/** True if a tag has this very signature. */
export function hasSignature({ bytes }: RawManifest, { payload, signature }: TagSignature): boolean {
  const layers = parseJsonObject(bytes)?.['layers'];
  const digest = digestOf(payload);
  return (
    isLayerList(layers) &&
    layers.some(
      (layer) =>
        layer['digest'] === digest &&
        isObject(layer['annotations']) &&
        layer['annotations'][LAYER_ANNOTATIONS.signature] === signature,
    )
  );
}

function isLayerList(value: unknown): value is readonly JsonObject[] {
  return Array.isArray(value) && value.every((layer) => isObject(layer));
}

function layerOf({ payload, signature, certificate, chain, logEntry, timestamp }: TagSignature): JsonObject {
  const annotations = {
    [LAYER_ANNOTATIONS.signature]: signature,
    ...(certificate !== undefined && { [LAYER_ANNOTATIONS.certificate]: certificate }),
    ...(chain !== undefined && { [LAYER_ANNOTATIONS.chain]: chain }),
    ...(logEntry !== undefined && { [LAYER_ANNOTATIONS.logEntry]: logEntry }),
    ...(timestamp !== undefined && { [LAYER_ANNOTATIONS.timestamp]: timestamp }),
  };
  return { ...describe(payload, SIMPLE_SIGNING), annotations };
}

/** The config of an image without files, as cosign writes it: tools that show images read it. */
function configOf(layers: readonly JsonObject[]): Uint8Array {
  const created = '0001-01-01T00:00:00Z';
  const config = {
    architecture: '',
    created,
    history: layers.map(() => ({ created })),
    os: '',
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    config: {},
  };
  return Buffer.from(JSON.stringify(config));
}
