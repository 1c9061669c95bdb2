import { type Digest, matchesDigest, parseDigest } from '../../image/digest.ts';
import type { Backend, Call } from '../handler.ts';
import { Refusal } from '../errors.ts';
import type { Reply } from '../reply.ts';
import { Interruption } from '../server/request-body.ts';
import type { UploadSession } from '../storage/upload-sessions.ts';
import { requireDigest } from './content.ts';
import { formatUploadRange, requireNextChunk } from './range.ts';

/** Blobs are kept in memory, so larger ones are a mistake. */
const MAX_BLOB_BYTES = 2 ** 31;

/** POST. */
export function startUpload(call: Call, { uploads, settings }: Backend): Reply {
  const least = settings.chunkMinLength;
  const demand = least > 0 ? { 'OCI-Chunk-Min-Length': String(least) } : {};
  return { status: 202, headers: { ...sessionHeaders(uploads.open(call.name)), ...demand } };
}

/** POST with `mount`: 201 if the blob could be linked, else a normal upload. */
export function mountBlob(call: Call, backend: Backend): Reply {
  const digest = parseDigest(call.query.get('mount') ?? '');
  const bytes = digest === undefined ? undefined : mountable(digest, call.query.get('from'), backend);
  if (digest === undefined || bytes === undefined) return startUpload(call, backend);
  backend.store.putBlob(call.name, bytes, digest);
  return createdReply(call.name, digest);
}

/** POST with `digest`: the whole blob in one request. */
export async function postBlob(call: Call, backend: Backend): Promise<Reply> {
  const digest = requireDigest(call.query.get('digest') ?? '');
  const bytes = await call.readBody(MAX_BLOB_BYTES);
  if (!backend.settings.singlePost) return startUpload(call, backend);
  return commit(bytes, { name: call.name, digest, backend });
}

/** PATCH: a chunk with a Content-Range, or a stream without. */
export async function patchUpload(call: Call, backend: Backend): Promise<Reply> {
  const session = findSession(call, backend);
  requireLargeChunks(session, backend);
  session.lastChunk = await append(call, session, backend);
  return { status: 202, headers: sessionHeaders(session) };
}

/** GET. */
export function getUpload(call: Call, backend: Backend): Reply {
  return { status: 204, headers: sessionHeaders(findSession(call, backend)) };
}

/** PUT, with the rest of the blob or without a body. It ends the upload, whatever the outcome. */
export async function putUpload(call: Call, backend: Backend): Promise<Reply> {
  const session = findSession(call, backend);
  const digest = requireDigest(call.query.get('digest') ?? '');
  await append(call, session, backend);
  backend.uploads.forget(session);
  return commit(joined(session.chunks), { name: call.name, digest, backend });
}

/** DELETE. */
export function cancelUpload(call: Call, backend: Backend): Reply {
  backend.uploads.forget(findSession(call, backend));
  return { status: 204, headers: {} };
}

function mountable(
  digest: Digest,
  from: string | null,
  { store, settings }: Backend,
): Uint8Array | undefined {
  if (!settings.mounts) return undefined;
  if (from !== null) return store.blob(from, digest);
  return settings.anonymousMounts ? store.findBlob(digest) : undefined;
}

function findSession(call: Call, { uploads }: Backend): UploadSession {
  const session = uploads.find(call.name, call.reference);
  if (call.query.get('_state') === session.state) return session;
  throw new Refusal(
    'BLOB_UPLOAD_INVALID',
    'upload state is missing or wrong: use the Location as it was given',
  );
}

function requireLargeChunks({ lastChunk }: UploadSession, { settings }: Backend): void {
  const least = settings.chunkMinLength;
  if (lastChunk === undefined || lastChunk >= least) return;
  throw new Refusal('SIZE_INVALID', `the last chunk had ${lastChunk} bytes, and had to have ${least}`);
}

/** Resolves to the number of bytes. */
async function append(call: Call, session: UploadSession, { uploads, settings }: Backend): Promise<number> {
  const upload = { size: session.size, location: locationOf(session) };
  requireNextChunk(call.headers['content-range'], upload);
  const most = Math.min(MAX_BLOB_BYTES - session.size, settings.maxUploadBytes);
  try {
    return keep(await call.readBody(most), session);
  } catch (error) {
    if (error instanceof Interruption && settings.resumption === 'any-byte') keep(error.bytes, session);
    if (error instanceof Interruption && settings.resumption === 'none') uploads.forget(session);
    throw error;
  }
}

function keep(bytes: Buffer, session: UploadSession): number {
  if (bytes.length > 0) session.chunks.push(bytes);
  session.size += bytes.length;
  return bytes.length;
}

function commit(bytes: Uint8Array, target: { name: string; digest: Digest; backend: Backend }): Reply {
  const { name, digest, backend } = target;
  if (!matchesDigest(bytes, digest)) {
    throw new Refusal('DIGEST_INVALID', 'provided digest did not match uploaded content', {
      details: [{ digest }],
    });
  }
  backend.store.putBlob(name, bytes, digest);
  return createdReply(name, digest);
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [first, ...more] = chunks;
  return first !== undefined && more.length === 0 ? first : Buffer.concat(chunks);
}

function createdReply(name: string, digest: Digest): Reply {
  return {
    status: 201,
    headers: { Location: `/v2/${name}/blobs/${digest}`, 'Docker-Content-Digest': digest },
  };
}

function sessionHeaders(session: UploadSession): Record<string, string> {
  return {
    Location: locationOf(session),
    Range: formatUploadRange(session.size),
    'Docker-Upload-UUID': session.id,
  };
}

function locationOf({ repository, id, state }: UploadSession): string {
  return `/v2/${repository}/blobs/uploads/${id}?_state=${state}`;
}
