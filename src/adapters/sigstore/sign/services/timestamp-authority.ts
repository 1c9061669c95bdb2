import { createHash, randomBytes } from 'node:crypto';
import { der, derInteger, readDer, TAG } from '../der.ts';
import { callService, malformed, type Service } from './call-service.ts';

/** SHA-256, as an AlgorithmIdentifier. */
const SHA256 = der(TAG.sequence, Buffer.from('06096086480165030402010500', 'hex'));
/** Statuses of a response with a timestamp: granted, and granted with modifications. */
const GRANTED = [0, 1];

/** The random number of a request, by which its answer is known. */
export type MakeNonce = () => Uint8Array;

export const randomNonce: MakeNonce = () => randomBytes(16);

/**
 * A timestamp of some bytes (RFC 3161): the whole response, DER. Throws a `SigningError`, also for the timestamp of other
 * content. Its signature is not verified.
 */
export async function requestTimestamp(
  authority: Service,
  { content, makeNonce, signal }: { content: Uint8Array; makeNonce: MakeNonce; signal: AbortSignal },
): Promise<Buffer> {
  const imprint = der(
    TAG.sequence,
    SHA256,
    der(TAG.octetString, createHash('sha256').update(content).digest()),
  );
  const nonce = derInteger(makeNonce());
  const request = der(TAG.sequence, derInteger(Buffer.from([1])), imprint, nonce);
  const { body } = await callService(authority, {
    method: 'POST',
    path: '',
    type: 'application/timestamp-query',
    body: new Uint8Array(request),
    signal,
  });
  const status = statusOf(body);
  if (status === undefined) throw malformed(authority, 'the answer is no timestamp response');
  if (!GRANTED.includes(status))
    throw malformed(authority, `the timestamp was not granted: status ${status}`);
  if (body.includes(imprint) && body.includes(nonce)) return body;
  throw malformed(authority, 'the timestamp is for other content');
}

/** `PKIStatus` of a response. */
function statusOf(response: Buffer): number | undefined {
  const outer = readDer(response);
  const info = outer && readDer(outer.content);
  const status = info && readDer(info.content);
  const isWhole = outer?.tag === TAG.sequence && outer.rest.length === 0 && info?.tag === TAG.sequence;
  return isWhole && status?.tag === TAG.integer && status.content.length === 1
    ? status.content[0]
    : undefined;
}
