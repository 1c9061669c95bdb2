import { isObject, type JsonObject, parseJsonObject, textOf } from '../base/json.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { type Digest, parseDigest } from '../image/digest.ts';
import type { RawManifest } from '../image/oci-manifest.ts';
import type { Repository } from '../image/repository.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import { DSSE_ENVELOPE, isBundleType, LAYER_ANNOTATIONS, SIMPLE_SIGNING } from '../signature/media-types.ts';
import {
  MAX_BUNDLE,
  type StoredSignature,
  type VerificationMaterial,
} from '../signature/stored-signature.ts';
import { readBlob } from './read-blob.ts';

export interface SignatureRead {
  readonly repository: Repository;
  /** The manifest of an attachment. */
  readonly manifest: RawManifest;
  /** Known payloads by digest, which need no GET. */
  readonly payloads?: ReadonlyMap<Digest, Uint8Array>;
}

export interface SignaturesRead {
  readonly signatures: readonly StoredSignature[];
  /** Layers that are signatures and were not read, and why. */
  readonly ignored: readonly string[];
}

/** Layers of a manifest. cosign adds one to `.sig` with each signature. */
export const MAX_SIGNATURE_LAYERS = 256;
const MAX_PAYLOAD = 64 * 1024;

/**
 * The signatures and attestations in an attachment. Their format is that of the layer's media type, whatever the artifact
 * type or tag of the manifest. Other layers, such as SBOMs, are skipped. Throws a `RegistryError`.
 */
export async function readSignatures(
  registry: ReadRegistry,
  read: SignatureRead,
  signal: AbortSignal,
): Promise<SignaturesRead> {
  const layers = signatureLayers(read.manifest);
  const signatures: StoredSignature[] = [];
  const ignored: string[] = [];
  const payloads = new Map(read.payloads);
  for (const [index, layer] of layers.entries()) {
    const reason = whyIgnored(layer, index);
    if (reason !== undefined) {
      ignored.push(`layer ${layer.digest} of ${read.manifest.digest}: ${reason}`);
      continue;
    }
    const bytes = payloads.get(layer.digest) ?? (await readBlob(registry, { ...read, blob: layer }, signal));
    payloads.set(layer.digest, bytes);
    signatures.push(signatureOf(layer, bytes));
  }
  return { signatures, ignored };
}

interface Layer extends Descriptor {
  readonly kind: StoredSignature['kind'];
  readonly annotations: JsonObject;
}

function signatureLayers(manifest: RawManifest): Layer[] {
  const layers = parseJsonObject(manifest.bytes)?.['layers'];
  return (Array.isArray(layers) ? (layers as unknown[]) : []).flatMap((json) => layerOf(json) ?? []);
}

function layerOf(json: unknown): Layer | undefined {
  if (!isObject(json)) return undefined;
  const { mediaType, digest: text, size, annotations } = json;
  const kind = typeof mediaType === 'string' ? kindOf(mediaType) : undefined;
  const digest = typeof text === 'string' ? parseDigest(text) : undefined;
  if (kind === undefined || digest === undefined || typeof mediaType !== 'string') return undefined;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined;
  return { kind, mediaType, digest, size, annotations: isObject(annotations) ? annotations : {} };
}

function kindOf(mediaType: string): StoredSignature['kind'] | undefined {
  if (isBundleType(mediaType)) return 'bundle';
  if (mediaType === SIMPLE_SIGNING) return 'simple-signing';
  return mediaType === DSSE_ENVELOPE ? 'envelope' : undefined;
}

function whyIgnored({ kind, size }: Layer, index: number): string | undefined {
  if (index >= MAX_SIGNATURE_LAYERS) return `more than ${MAX_SIGNATURE_LAYERS} signatures in a manifest`;
  const limit = kind === 'simple-signing' ? MAX_PAYLOAD : MAX_BUNDLE;
  return size > limit ? `${size} bytes; the limit is ${limit}` : undefined;
}

function signatureOf({ kind, annotations }: Layer, bytes: Uint8Array): StoredSignature {
  if (kind === 'bundle') return { kind, bytes };
  if (kind === 'envelope') return { kind, bytes, ...materialOf(annotations) };
  const signature = textOf(annotations, LAYER_ANNOTATIONS.signature) ?? '';
  return { kind, payload: bytes, signature, ...materialOf(annotations) };
}

function materialOf(annotations: JsonObject): VerificationMaterial {
  return {
    certificate: textOf(annotations, LAYER_ANNOTATIONS.certificate),
    chain: textOf(annotations, LAYER_ANNOTATIONS.chain),
    logEntry: textOf(annotations, LAYER_ANNOTATIONS.logEntry),
    timestamp: textOf(annotations, LAYER_ANNOTATIONS.timestamp),
  };
}
