import type { Backend, Call } from '../handler.ts';
import { Refusal } from '../errors.ts';
import type { Reply } from '../reply.ts';
import { rangedReply, requireDigest } from './content.ts';

export function getBlob(call: Call, { store }: Backend): Reply {
  const digest = requireDigest(call.reference);
  const bytes = store.blob(call.name, digest);
  if (bytes === undefined) throw unknownBlob(digest);
  return rangedReply(call, { digest, mediaType: 'application/octet-stream', bytes });
}

export function deleteBlob(call: Call, { store }: Backend): Reply {
  const digest = requireDigest(call.reference);
  if (!store.deleteBlob(call.name, digest)) throw unknownBlob(digest);
  return { status: 202, headers: {} };
}

function unknownBlob(digest: string): Refusal {
  return new Refusal('BLOB_UNKNOWN', 'blob unknown to registry', { details: [{ digest }] });
}
