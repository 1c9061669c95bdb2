import { CodedError } from '../base/errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { isIndexType, isManifestType } from '../image/media-types.ts';
import { ImageSize, parseReferences } from '../image/oci-manifest.ts';
import type { Repository } from '../image/repository.ts';
import type { ReadRegistry } from '../ports/registry.ts';

/** A manifest to sign cannot be read where it was found before. */
export class MissingManifest extends CodedError<'missing' | 'too-deep'> {}

/** Nested indexes; deeper than this is an attack or a mistake. */
const MAX_DEPTH = 8;

export interface PartsRequest {
  readonly repository: Repository;
  readonly digest: Digest;
  /** Whether the children of an index are parts of it. */
  readonly withChildren: boolean;
}

/** The manifests of an image that a signature covers: children in the order of their index, the image itself last. */
export async function readParts(
  { repository, digest, withChildren }: PartsRequest,
  registry: Pick<ReadRegistry, 'fetchManifest'>,
  signal: AbortSignal,
): Promise<readonly Descriptor[]> {
  const parts = new Map<Digest, Descriptor>();
  const size = new ImageSize(digest);
  const visit = async (one: Digest, depth: number): Promise<void> => {
    const name = `${repository}@${one}`;
    if (depth > MAX_DEPTH)
      throw new MissingManifest('too-deep', `${name}: indexes are nested too deep to sign`);
    const manifest = await registry.fetchManifest(repository, one, signal);
    if (manifest === undefined)
      throw new MissingManifest('missing', `${name}: the manifest to sign no longer exists`);
    const { mediaType, bytes } = manifest;
    if (withChildren && isIndexType(mediaType)) {
      const references = parseReferences(manifest);
      size.add(references);
      for (const child of references.manifests) {
        if (!isManifestType(child.mediaType) || parts.has(child.digest)) continue;
        if (isIndexType(child.mediaType)) await visit(child.digest, depth + 1);
        else parts.set(child.digest, child);
      }
    }
    parts.set(one, { mediaType, digest: one, size: bytes.length });
  };
  await visit(digest, 1);
  return Array.from(parts.values());
}
