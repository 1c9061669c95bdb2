import { type Digest, digestOf } from '../../image/digest.ts';
import { DOCKER_SCHEMA1_SIGNED } from '../../image/media-types.ts';

/**
 * The digest that a registry gives to a manifest pushed by tag: sha256 of its bytes, or of the signed text for signed
 * schema 1.
 *
 * @see https://distribution.github.io/distribution/spec/deprecated-schema-v1/#signed-manifests
 */
export function canonicalDigest(mediaType: string, bytes: Uint8Array): Digest {
  return digestOf(mediaType === DOCKER_SCHEMA1_SIGNED ? signedText(bytes) : bytes);
}

function signedText(bytes: Uint8Array): Uint8Array {
  const header = /"protected"\s*:\s*"([\w-]+)"/.exec(Buffer.from(bytes).toString('utf8'))?.[1];
  if (header === undefined) return bytes;
  const fields = new Map<string, unknown>(Object.entries(parseHeader(header)));
  const [length, tail] = [fields.get('formatLength'), fields.get('formatTail')];
  if (typeof length !== 'number' || typeof tail !== 'string') return bytes;
  return Buffer.concat([bytes.subarray(0, length), Buffer.from(tail, 'base64url')]);
}

function parseHeader(base64url: string): object {
  try {
    const header: unknown = JSON.parse(Buffer.from(base64url, 'base64url').toString('utf8'));
    return typeof header === 'object' && header !== null ? header : {};
  } catch {
    return {}; // the signed text is unknown then
  }
}
