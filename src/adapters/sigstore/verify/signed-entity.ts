import { createHash, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import { type SignedEntity, toSignedEntity } from '@sigstore/verify';
import type { LogEntry } from '../../../signature/log-entry.ts';
import type { Evidence } from './evidence.ts';

type Proofs = Pick<Evidence, 'logEntries' | 'timestamps'>;

/** Evidence as @sigstore/verify takes it, with the proofs that are to be checked. */
export function toEntity(evidence: Evidence, proofs: Proofs): SignedEntity {
  return { ...toSignedEntity(toBundle(evidence, proofs)), signature: signatureContent(evidence) };
}

/**
 * The comparisons of a signature with a log entry. Rekor v2 logs a DSSE envelope as a `hashedrekord` of its
 * pre-authentication encoding; @sigstore/verify 3 knows the digest of the payload only.
 */
function signatureContent({ signature, signedBytes, payload }: Evidence): SignedEntity['signature'] {
  const digests = [payload, signedBytes].map((bytes) => createHash('sha256').update(bytes).digest());
  return {
    signature: Buffer.from(signature),
    compareSignature: (other) => areEqual(other, signature),
    compareDigest: (digest) => digests.some((own) => areEqual(own, digest)),
    verifySignature: (key) => isSignedBy(key, signedBytes, signature),
  };
}

/** Keys other than Ed25519 sign a digest, and only convention says which. */
function isSignedBy(key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  const isPure = key.asymmetricKeyType === 'ed25519';
  return (isPure ? [null] : ['sha256', 'sha384', 'sha512']).some((digest) =>
    verify(digest, bytes, key, signature),
  );
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The signature itself is replaced by `signatureContent`. */
function toBundle({ certificate, signature, payload }: Evidence, { logEntries, timestamps }: Proofs): Bundle {
  return {
    mediaType: '',
    content: {
      $case: 'dsseEnvelope',
      dsseEnvelope: {
        payloadType: '',
        payload: Buffer.from(payload),
        signatures: [{ sig: Buffer.from(signature), keyid: '' }],
      },
    },
    verificationMaterial: {
      content:
        certificate === undefined
          ? { $case: 'publicKey', publicKey: { hint: '' } }
          : { $case: 'certificate', certificate: { rawBytes: certificate.raw } },
      tlogEntries: logEntries.map(toLogEntry),
      timestampVerificationData: {
        rfc3161Timestamps: timestamps.map((bytes) => ({ signedTimestamp: Buffer.from(bytes) })),
      },
    },
  };
}

function toLogEntry(entry: LogEntry): Bundle['verificationMaterial']['tlogEntries'][number] {
  const { inclusionPromise: promise, inclusionProof: proof } = entry;
  return {
    logIndex: entry.logIndex,
    logId: { keyId: fromBase64(entry.logId.keyId) },
    kindVersion: entry.kindVersion,
    integratedTime: entry.integratedTime ?? '0',
    inclusionPromise: promise && { signedEntryTimestamp: fromBase64(promise.signedEntryTimestamp) },
    inclusionProof: proof && {
      ...proof,
      rootHash: fromBase64(proof.rootHash),
      hashes: proof.hashes.map(fromBase64),
    },
    canonicalizedBody: fromBase64(entry.canonicalizedBody),
  };
}

function fromBase64(text: string): Buffer {
  return Buffer.from(text, 'base64');
}
