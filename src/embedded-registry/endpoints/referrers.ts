import { OCI_INDEX } from '../../image/media-types.ts';
import type { Backend, Call } from '../handler.ts';
import { Refusal } from '../errors.ts';
import { jsonReply, type Reply } from '../reply.ts';
import type { StoredManifest } from '../storage/store.ts';
import { requireDigest } from './content.ts';

/**
 * An index of the manifests with this digest as subject; an empty one if there are none.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export function listReferrers(call: Call, { store, settings }: Backend): Reply {
  if (!settings.referrers) throw new Refusal('UNSUPPORTED', 'no referrers API here', { status: 404 });
  const referrers = store.referrers(call.name, requireDigest(call.reference));
  const wanted = call.query.get('artifactType');
  const manifests = referrers
    .filter(({ facts }) => wanted === null || facts.artifactType === wanted)
    .map(descriptorOf);
  const filters: Record<string, string> = wanted === null ? {} : { 'OCI-Filters-Applied': 'artifactType' };
  return jsonReply(
    { schemaVersion: 2, mediaType: OCI_INDEX, manifests },
    { headers: { 'Content-Type': OCI_INDEX, ...filters } },
  );
}

function descriptorOf({ mediaType, digest, bytes, facts }: StoredManifest): unknown {
  const { artifactType, annotations } = facts;
  return { mediaType, digest, size: bytes.length, artifactType, annotations };
}
