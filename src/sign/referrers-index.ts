import { isObject, type JsonObject, parseJsonObject } from '../base/json.ts';
import { digestOf } from '../image/digest.ts';
import { OCI_INDEX } from '../image/media-types.ts';
import { annotationsOf, artifactTypeOf, type RawManifest } from '../image/oci-manifest.ts';

/**
 * The index of a referrers tag with one more manifest; the index itself if it has it. Other entries stay as they are.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests-with-subject
 */
export function addReferrer(before: RawManifest | undefined, manifest: RawManifest): RawManifest {
  const document = before?.mediaType === OCI_INDEX ? parseJsonObject(before.bytes) : undefined;
  const entries: readonly JsonObject[] = listOf(document?.['manifests']);
  if (before !== undefined && entries.some(({ digest }) => digest === manifest.digest)) return before;
  const entry = {
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.bytes.length,
    artifactType: artifactTypeOf(manifest),
    annotations: annotationsOf(manifest),
  };
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, ...document, manifests: [...entries, entry] };
  const bytes = Buffer.from(JSON.stringify(index));
  return { mediaType: OCI_INDEX, digest: digestOf(bytes), bytes };
}

function listOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter((entry) => isObject(entry)) : [];
}
