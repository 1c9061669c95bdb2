import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import { type CosignSuffix, cosignTagOf, referrersTagOf } from '../../src/image/attachment-tags.ts';
import { OCI_INDEX } from '../../src/image/media-types.ts';
import { artifactTypeOf, type RawManifest } from '../../src/image/oci-manifest.ts';
import { digestOf } from '../../src/image/digest.ts';
import { artifact, type Content, push } from './images.ts';

export const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** A referrer as cosign writes it: `bundle` of a seed. */
export function bundle(seed: string, subject: Content): Content {
  return artifact(`bundle ${seed}`, { subject, artifactType: BUNDLE });
}

type Target = Pick<EmbeddedRegistry, 'store'>;

/** Puts referrers into a registry, and the index of the referrers tag where that has no such API. */
export function attach(
  target: Target,
  repository: string,
  subject: Content,
  ...referrers: readonly Content[]
) {
  for (const referrer of referrers) push(target, repository, referrer);
  const { bytes, mediaType } = referrersIndex(referrers.map(({ manifest }) => manifest));
  target.store.putManifest(repository, referrersTagOf(subject.manifest.digest), mediaType, bytes);
}

/** Puts an artifact under one of cosign's tags. */
export function pushCosign(
  target: Target,
  repository: string,
  { subject, suffix, content }: { subject: Content; suffix: CosignSuffix; content: Content },
) {
  return push(target, repository, content, cosignTagOf(subject.manifest.digest, suffix));
}

export function referrersIndex(manifests: readonly RawManifest[]): RawManifest {
  const entries = manifests.map((manifest) => ({
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.bytes.length,
    artifactType: artifactTypeOf(manifest),
  }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: entries }));
  return { mediaType: OCI_INDEX, digest: digestOf(bytes), bytes };
}
