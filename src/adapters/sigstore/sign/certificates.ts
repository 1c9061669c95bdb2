import type { X509Certificate } from 'node:crypto';
import type { SignerIdentity } from '../../../signature/stored-signature.ts';
import { der, derInteger, readDer, TAG } from './der.ts';
import type { SigningKey } from './keys/signing-key.ts';

/** `ecdsa-with-SHA256`, as an AlgorithmIdentifier. */
const ECDSA_SHA256 = der(TAG.sequence, Buffer.from('06082a8648ce3d040302', 'hex'));
/** The OID 1.3.6.1.4.1.57264.1.8 as DER: the issuer of the token, in UTF-8. */
const ISSUER = Buffer.from('060a2b0601040183bf300108', 'hex');
/** One name: Node writes it as a JSON string if it has a comma. */
const SUBJECT = /^(?:email|URI):(?:([^\s,"]+)|("[^"\\]+"))$/;

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

/**
 * The identity that a certificate of Fulcio names, or undefined where it names none. The certificate is not verified.
 *
 * @see https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
 */
export function identityIn({ raw, subjectAltName = '' }: X509Certificate): SignerIdentity | undefined {
  const [, plain, quoted] = SUBJECT.exec(subjectAltName) ?? [];
  const identity = plain ?? quoted?.slice(1, -1);
  const at = raw.indexOf(ISSUER);
  if (identity === undefined || at === -1) return undefined;
  const extension = readDer(raw.subarray(at + ISSUER.length)); // an octet string around the text
  const issuer = extension && readDer(extension.content)?.content.toString();
  return issuer === undefined ? undefined : { kind: 'certificate', issuer, identity };
}
