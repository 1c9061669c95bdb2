import { quote } from '../../base/text.ts';
import { type Digest, parseDigest } from '../../image/digest.ts';
import type { Call } from '../handler.ts';
import { Refusal } from '../errors.ts';
import type { Reply } from '../reply.ts';
import { parseRange } from './range.ts';

/** The response to GET and HEAD of content with a digest: 200, 206 for a range, 304 if the client has it. */
export function contentReply(
  call: Call,
  content: { digest: Digest; mediaType: string; bytes: Uint8Array },
): Reply {
  const { digest, mediaType, bytes } = content;
  const headers = { 'Content-Type': mediaType, 'Docker-Content-Digest': digest, ETag: `"${digest}"` };
  const known = call.headers['if-none-match'];
  if (known === headers.ETag || known === digest) return { status: 304, headers };
  return { status: 200, headers, body: bytes };
}

/** The same, with 206 for a request with a Range header. */
export function rangedReply(
  call: Call,
  content: { digest: Digest; mediaType: string; bytes: Uint8Array },
): Reply {
  const whole = contentReply(call, content);
  const headers = { ...whole.headers, 'Accept-Ranges': 'bytes' };
  const size = content.bytes.length;
  const range = whole.status === 200 ? parseRange(call.headers.range, size) : undefined;
  if (range === undefined) return { ...whole, headers };
  return {
    status: 206,
    headers: { ...headers, 'Content-Range': `bytes ${range.start}-${range.end - 1}/${size}` },
    body: content.bytes.subarray(range.start, range.end),
  };
}

/** Parses a digest. Throws `DIGEST_INVALID`. */
export function requireDigest(text: string): Digest {
  const digest = parseDigest(text);
  if (digest !== undefined) return digest;
  throw new Refusal('DIGEST_INVALID', `${quote(text)} is not a digest`);
}
