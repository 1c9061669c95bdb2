import { quote } from '../../base/text.ts';
import { isDigest } from '../../image/digest.ts';
import { DOCKER_LIST, DOCKER_MANIFEST, isSchema1Type } from '../../image/media-types.ts';
import { parseTag } from '../../image/tag.ts';
import type { Backend, Call } from '../handler.ts';
import { Refusal } from '../errors.ts';
import type { Reply } from '../reply.ts';
import type { StoredManifest } from '../storage/store.ts';
import { contentReply, requireDigest } from './content.ts';
import { checkManifest } from './manifest-check.ts';

/** The size that registries should accept by the specification, and Docker's limit. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

export function getManifest(call: Call, { store, settings }: Backend): Reply {
  if (isDigest(call.reference)) requireDigest(call.reference);
  const manifest = store.manifest(call.name, call.reference);
  if (manifest === undefined) throw unknownManifest(call);
  if (settings.strictAccept && !accepts(call.headers.accept, manifest.mediaType)) {
    const message = `manifest found, but accept header does not support ${manifest.mediaType}`;
    throw new Refusal('MANIFEST_UNKNOWN', message);
  }
  return contentReply(call, manifest);
}

export async function putManifest(call: Call, backend: Backend): Promise<Reply> {
  const reference = requireReference(call);
  const mediaType = call.headers['content-type']?.split(';', 1)[0]?.trim() ?? '';
  const bytes = await call.readBody(MAX_MANIFEST_BYTES);
  checkManifest({ repository: call.name, reference, mediaType, bytes }, backend);
  const digest = backend.store.putManifest(call.name, reference, mediaType, bytes);
  const headers = { Location: `/v2/${call.name}/manifests/${digest}`, 'Docker-Content-Digest': digest };
  return {
    status: 201,
    headers: { ...headers, ...subjectHeader(backend, backend.store.manifest(call.name, digest)) },
  };
}

/** Deletes only the tag, or with a digest the manifest and all its tags. */
export function deleteManifest(call: Call, { store }: Backend): Reply {
  const reference = requireReference(call);
  const deleted = isDigest(reference)
    ? store.deleteManifest(call.name, reference)
    : store.deleteTag(call.name, reference);
  if (!deleted) throw unknownManifest(call);
  return { status: 202, headers: {} };
}

/** Shows the client that it need not update the referrers' tag itself. */
function subjectHeader({ settings }: Backend, manifest: StoredManifest | undefined): Record<string, string> {
  const subject = manifest?.facts.subject;
  return subject !== undefined && settings.referrers ? { 'OCI-Subject': subject } : {};
}

function requireReference(call: Call): string {
  if (isDigest(call.reference)) return requireDigest(call.reference);
  const tag = parseTag(call.reference);
  if (tag !== undefined) return tag;
  throw new Refusal('TAG_INVALID', `${quote(call.reference)} is not a tag`);
}

function unknownManifest({ name, reference }: Call): Refusal {
  return new Refusal('MANIFEST_UNKNOWN', 'manifest unknown', { details: [{ name, reference }] });
}

/**
 * True if a manifest of this type may be the response. Clients without an Accept header get Docker's types, and schema 1
 * is sent whatever the header is. Parameters and weights are ignored.
 */
export function accepts(header: string | undefined, mediaType: string): boolean {
  if (isSchema1Type(mediaType)) return true;
  if (header === undefined) return mediaType === DOCKER_MANIFEST || mediaType === DOCKER_LIST;
  const named = header.split(',').map((entry) => entry.split(';', 1)[0]?.trim());
  return named.includes(mediaType) || named.includes('*/*');
}
