import type { SigningKey } from './keys/signing-key.ts';
import { der, derInteger, TAG } from './der.ts';

/** `ecdsa-with-SHA256`, as an AlgorithmIdentifier. */
const ECDSA_SHA256 = der(TAG.sequence, Buffer.from('06082a8648ce3d040302', 'hex'));

/**
 * A request for a certificate (PKCS #10, PEM) of an EC key, without a name: it proves that its sender has the key.
 *
 * @see https://www.rfc-editor.org/rfc/rfc2986
 */
export async function makeCertificateRequest(key: SigningKey, signal: AbortSignal): Promise<string> {
  const version = derInteger(Buffer.from([0]));
  const noName = der(TAG.sequence);
  const noAttributes = der(TAG.context0);
  const content = der(TAG.sequence, version, noName, key.public.der, noAttributes);
  const signature = der(TAG.bitString, Buffer.from([0]), await key.sign(content, signal));
  const request = der(TAG.sequence, content, ECDSA_SHA256, signature).toString('base64');
  const lines = request.match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE REQUEST-----', ...lines, '-----END CERTIFICATE REQUEST-----', ''].join(
    '\n',
  );
}
