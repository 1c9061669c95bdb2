import type { X509Certificate } from 'node:crypto';
import type { SignerIdentity } from '../../../signature/stored-signature.ts';
import { readDer } from './der.ts';

/** The OID 1.3.6.1.4.1.57264.1.8 as DER: the issuer of the token, in UTF-8. */
const ISSUER = Buffer.from('060a2b0601040183bf300108', 'hex');
/** `email:…`, `URI:…`, or `othername:…` of a user name, which Node escapes. */
const SUBJECT = /^(?:email|URI):(\S+)$/;

/**
 * The identity that a certificate of Fulcio names, or undefined where it names none. The certificate is not verified.
 *
 * @see https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
 */
export function identityIn({ raw, subjectAltName = '' }: X509Certificate): SignerIdentity | undefined {
  const identity = SUBJECT.exec(unquoted(subjectAltName))?.[1];
  const at = raw.indexOf(ISSUER);
  if (identity === undefined || at === -1) return undefined;
  const extension = readDer(raw.subarray(at + ISSUER.length)); // an octet string around the text
  const issuer = extension && readDer(extension.content)?.content.toString();
  return issuer === undefined ? undefined : { kind: 'certificate', issuer, identity };
}

/** Node quotes a name with a comma or a control character, as JSON. */
function unquoted(name: string): string {
  const [, type, text] = /^(email|URI):("[^]*")$/.exec(name) ?? [];
  return text === undefined ? name : `${type}:${String(JSON.parse(text))}`;
}
