import { X509Certificate } from 'node:crypto';
import { isObject, parseJsonObject } from '../../../../base/json.ts';
import { makeCertificateRequest } from '../certificates.ts';
import type { SigningKey } from '../keys/signing-key.ts';
import { callService, malformed, type Service } from './call-service.ts';

/** A certificate of a key, and those above it, up to the root or not. */
export interface CertificateChain {
  readonly leaf: X509Certificate;
  readonly others: readonly X509Certificate[];
}

const PATH = '/api/v2/signingCert';
const MAX_CERTIFICATES = 10;

/**
 * A certificate of Fulcio for a key and the identity of a token. Throws a `SigningError`, also for the certificate of
 * another key.
 *
 * @see https://github.com/sigstore/fulcio/blob/main/fulcio.proto
 */
export async function requestCertificate(
  fulcio: Service,
  { token, key, signal }: { readonly token: string; readonly key: SigningKey; readonly signal: AbortSignal },
): Promise<CertificateChain> {
  const request = await makeCertificateRequest(key, signal);
  const { body } = await callService(fulcio, {
    method: 'POST',
    path: PATH,
    type: 'application/json',
    headers: { authorization: `Bearer ${token}` }, // a redirect to another host would get a body
    body: JSON.stringify({ certificateSigningRequest: Buffer.from(request).toString('base64') }),
    remedy:
      'check that Fulcio trusts the issuer of the identity token, that its audience is "sigstore", and that it has not expired',
    signal,
  });
  const chain = parseChain(fulcio, body);
  if (chain.leaf.publicKey.equals(key.public.object)) return chain;
  throw malformed(fulcio, 'the certificate is for another key');
}

function parseChain(fulcio: Service, body: Buffer): CertificateChain {
  try {
    const [leaf, ...others] = certificatesIn(body).map((pem) => new X509Certificate(pem));
    if (leaf !== undefined) return { leaf, others };
  } catch (cause) {
    throw malformed(fulcio, 'the answer has a malformed certificate', cause);
  }
  throw malformed(fulcio, 'the answer has no certificate');
}

function certificatesIn(body: Buffer): readonly string[] {
  const { signedCertificateEmbeddedSct: embedded, signedCertificateDetachedSct: detached } =
    parseJsonObject(body) ?? {};
  const signed = embedded ?? detached;
  const chain = isObject(signed) ? signed['chain'] : undefined;
  const certificates: unknown = isObject(chain) ? chain['certificates'] : undefined;
  if (!Array.isArray(certificates) || certificates.length > MAX_CERTIFICATES) return [];
  return certificates.map(String);
}
