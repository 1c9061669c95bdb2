import { cosignTagOf } from '../../src/image/attachment-tags.ts';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import { digestOf } from '../../src/image/digest.ts';
import { OCI_EMPTY, OCI_MANIFEST } from '../../src/image/media-types.ts';
import { encodeBundle, type Bundle } from '../../src/signature/bundle.ts';
import {
  BUNDLE,
  BUNDLE_ANNOTATIONS,
  DSSE_ENVELOPE,
  LAYER_ANNOTATIONS,
  SIMPLE_SIGNING,
} from '../../src/signature/media-types.ts';
import type { StoredSignature } from '../../src/signature/stored-signature.ts';
import type { Blob, Content } from './content.ts';

type Target = Pick<EmbeddedRegistry, 'store'>;

const EMPTY: Blob = { mediaType: OCI_EMPTY, bytes: Buffer.from('{}'), digest: digestOf(Buffer.from('{}')) };

/** A referrer with a bundle, as cosign 3 stores it. */
export function bundleReferrer(
  bundle: Bundle | Uint8Array,
  subject: Content,
  predicateType?: string,
): Content {
  const bytes = bundle instanceof Uint8Array ? bundle : encodeBundle(bundle);
  const layer = { mediaType: BUNDLE, digest: digestOf(bytes), bytes };
  const { mediaType, digest, bytes: own } = subject.manifest;
  return manifestWith([layer], {
    artifactType: BUNDLE,
    subject: { mediaType, digest, size: own.length },
    annotations: predicateType === undefined ? {} : { [BUNDLE_ANNOTATIONS.predicateType]: predicateType },
  });
}

/** What one of cosign's tags names: the layers of simple signing, or envelopes. */
export function cosignManifest(stored: readonly StoredSignature[]): Content {
  const layers = stored.map((one) => {
    if (one.kind === 'bundle') throw new Error('a bundle is a referrer');
    const isSigning = one.kind === 'simple-signing';
    const bytes = isSigning ? one.payload : one.bytes;
    const annotations = {
      [LAYER_ANNOTATIONS.signature]: isSigning ? one.signature : '',
      ...(one.certificate && { [LAYER_ANNOTATIONS.certificate]: one.certificate }),
      ...(one.logEntry && { [LAYER_ANNOTATIONS.logEntry]: one.logEntry }),
    };
    return {
      mediaType: isSigning ? SIMPLE_SIGNING : DSSE_ENVELOPE,
      digest: digestOf(bytes),
      bytes,
      annotations,
    };
  });
  return manifestWith(layers, {});
}

/** Puts content under one of cosign's tags of an image. */
export function pushTag(
  target: Target,
  {
    repository,
    image,
    suffix,
  }: { readonly repository: string; readonly image: Content; readonly suffix: 'sig' | 'att' },
  content: Content,
): void {
  pushContent(target, repository, content, cosignTagOf(image.manifest.digest, suffix));
}

export function pushContent({ store }: Target, repository: string, content: Content, tag?: string): void {
  for (const { bytes, digest } of content.blobs) store.putBlob(repository, bytes, digest);
  const { mediaType, bytes, digest } = content.manifest;
  store.putManifest(repository, tag ?? digest, mediaType, bytes);
}

function manifestWith(
  layers: readonly (Blob & { readonly annotations?: object })[],
  fields: Readonly<Record<string, unknown>>,
): Content {
  const describe = ({ bytes, ...blob }: Blob) => ({ ...blob, size: bytes.length });
  const document = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: describe(EMPTY),
    layers: layers.map(describe),
    ...fields,
  };
  const bytes = Buffer.from(JSON.stringify(document));
  return {
    manifest: { mediaType: OCI_MANIFEST, digest: digestOf(bytes), bytes },
    blobs: [EMPTY, ...layers],
    children: [],
  };
}
