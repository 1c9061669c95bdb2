import { type KeyObject, X509Certificate } from 'node:crypto';
import { type TrustMaterial, Verifier, VerificationError } from '@sigstore/verify';
import { messageOf } from '../../../base/errors.ts';
import { oneLine } from '../../../base/text.ts';
import type { SignatureVerifier } from '../../../ports/signatures.ts';
import type { LogEntry } from '../../../signature/log-entry.ts';
import type { SignerIdentity } from '../../../signature/stored-signature.ts';
import { FormatError } from '../../../signature/strict-json.ts';
import { type Evidence, readEvidence } from './evidence.ts';
import { readLoggedSigner } from './log-body.ts';
import type { TrustedKey } from '../../../signature/public-keys.ts';
import { toEntity } from './signed-entity.ts';

export interface Trust {
  readonly root: TrustMaterial;
  /** For signatures without a certificate. */
  readonly keys: readonly TrustedKey[];
}

/** RFC 5280 `id-kp-codeSigning`. */
const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';

/**
 * Verifies signatures against a trusted root and keys, without network.
 *
 * A signature with a certificate needs what the root can prove: an entry of one of its logs for this signature and this
 * certificate, a time within the validity of the certificate, and a certificate timestamp (SCT). One by key needs no
 * more than the key; entries of logs that the root knows are verified.
 */
export function createVerifier(trust: Trust): SignatureVerifier {
  return {
    verify: async (stored, signal) => {
      signal.throwIfAborted();
      try {
        const evidence = readEvidence(stored);
        const signer =
          evidence.certificate === undefined
            ? verifyByKey(evidence, trust)
            : verifyByCertificate(evidence, evidence.certificate, trust.root);
        return { kind: 'verified', signature: { signer, ...evidence.readContent() } };
      } catch (error) {
        return { kind: 'refused', reason: reasonOf(error) };
      }
    },
  };
}

class Refusal extends Error {}

function verifyByCertificate(
  evidence: Evidence,
  certificate: X509Certificate,
  root: TrustMaterial,
): SignerIdentity {
  // a root without timestamp authorities leaves the time to the log
  const timestamps = root.timestampAuthorities.length > 0 ? evidence.timestamps : [];
  const verifier = new Verifier(root, {
    ctlogThreshold: root.ctlogs.length > 0 ? 1 : 0,
    tlogThreshold: root.tlogs.length > 0 ? 1 : 0,
    timestampThreshold: 1,
  });
  const { identity } = verifier.verify(toEntity(evidence, { ...evidence, timestamps }));
  if (!certificate.keyUsage?.includes(CODE_SIGNING))
    throw new Refusal('the certificate is not for code signing');
  for (const entry of evidence.logEntries) refuseOtherSigner(entry, certificate);
  const issuer = identity?.extensions?.issuer;
  const name = identity?.subjectAlternativeName;
  if (!issuer || !name) throw new Refusal('the certificate names no issuer or no identity');
  return { kind: 'certificate', issuer, identity: name };
}

/** The hint of a key in a bundle is not signed, so each key is tried. */
function verifyByKey(evidence: Evidence, { root, keys }: Trust): SignerIdentity {
  if (keys.length === 0)
    throw new Refusal('signed by a key, and neither a policy nor -signature-key names a public key');
  const { tlogs } = root;
  const logEntries = evidence.logEntries.filter(({ logId }) =>
    tlogs.some(({ logID }) => logID.toString('base64') === logId.keyId),
  );
  const entity = toEntity(evidence, { logEntries, timestamps: [] });
  const signer = keys.find(({ key }) => entity.signature.verifySignature(key));
  if (signer === undefined)
    throw new Refusal('not signed by any public key of a policy or of -signature-key');
  const publicKey = () => ({ publicKey: signer.key, validFor: () => true });
  const none = { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 };
  new Verifier({ ...root, publicKey }, none).verify(entity);
  for (const entry of logEntries) refuseOtherSigner(entry, signer.key);
  return { kind: 'key', fingerprint: signer.fingerprint };
}

/** @sigstore/verify compares the signature in a log entry, and not who signed. */
function refuseOtherSigner(entry: LogEntry, signer: X509Certificate | KeyObject): void {
  const logged = readLoggedSigner(entry);
  const isSame =
    logged instanceof X509Certificate
      ? signer instanceof X509Certificate && logged.raw.equals(signer.raw)
      : !(signer instanceof X509Certificate) && logged.equals(signer);
  if (!isSame) throw new Refusal('the log entry is of another certificate or key');
}

/** The cause of an error of @sigstore/verify says more than its message. */
function reasonOf(error: unknown): string {
  if (error instanceof FormatError || error instanceof Refusal) return error.message;
  if (!(error instanceof VerificationError)) return `malformed: ${oneLine(messageOf(error))}`;
  const cause: unknown = error.cause;
  const message = error.message.charAt(0).toLowerCase() + error.message.slice(1);
  return cause === undefined ? message : `${message}: ${messageOf(cause)}`;
}
