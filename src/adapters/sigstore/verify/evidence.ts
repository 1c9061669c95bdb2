import { X509Certificate } from 'node:crypto';
import { messageOf } from '../../../base/errors.ts';
import { parseBundle } from '../../../signature/bundle.ts';
import { type Envelope, parseEnvelope, preAuthEncoding } from '../../../signature/dsse.ts';
import type { LogEntry } from '../../../signature/log-entry.ts';
import { IN_TOTO } from '../../../signature/media-types.ts';
import { parseRekorBundle, parseTimestamp } from '../../../signature/rekor-bundle.ts';
import { parseSimpleSigning } from '../../../signature/simple-signing.ts';
import { parseStatement } from '../../../signature/statement.ts';
import type {
  StoredSignature,
  VerificationMaterial,
  VerifiedSignature,
} from '../../../signature/stored-signature.ts';
import { decodeBase64, FormatError } from '../../../signature/strict-json.ts';

/** A signature with all that proves it, the same for each shape. Nothing of it is verified. */
export interface Evidence {
  readonly signature: Uint8Array;
  /** The bytes that the signature covers. */
  readonly signedBytes: Uint8Array;
  readonly payload: Uint8Array;
  /** Undefined where it is signed by a key. */
  readonly certificate: X509Certificate | undefined;
  readonly logEntries: readonly LogEntry[];
  /** Responses of timestamp authorities, DER. */
  readonly timestamps: readonly Uint8Array[];
  /** Reads the payload, once it is verified. Throws a `FormatError`. */
  readonly readContent: () => Omit<VerifiedSignature, 'signer'>;
}

/** Reads a stored signature. Throws a `FormatError`. */
export function readEvidence(stored: StoredSignature): Evidence {
  switch (stored.kind) {
    case 'bundle': {
      const { key, envelope, logEntries, timestamps } = parseBundle(stored.bytes);
      const certificate = key.kind === 'certificate' ? readCertificate(key.certificate) : undefined;
      return { ...ofEnvelope(envelope), certificate, logEntries, timestamps };
    }
    case 'envelope':
      // its timestamp is one of the whole envelope, and not of the signature: the log entry has the time
      return { ...ofEnvelope(parseEnvelope(stored.bytes)), ...ofMaterial(stored), timestamps: [] };
    case 'simple-signing': {
      const { payload } = stored;
      const signature = decodeBase64(stored.signature);
      if (signature === undefined) throw new FormatError('the signature is not base64');
      const readContent = () => ({
        subjects: [parseSimpleSigning(payload).digest],
        statement: undefined,
      });
      return { signature, signedBytes: payload, payload, ...ofMaterial(stored), readContent };
    }
  }
}

function ofEnvelope(
  envelope: Envelope,
): Pick<Evidence, 'signature' | 'signedBytes' | 'payload' | 'readContent'> {
  const { signature, payload, payloadType } = envelope;
  // the type is signed: bytes that were signed as another type do not become a statement
  if (payloadType !== IN_TOTO) throw new FormatError(`the DSSE envelope is not of the type "${IN_TOTO}"`);
  const readContent = () => {
    const { subjects, predicateType, predicate } = parseStatement(payload);
    return { subjects, statement: { predicateType, predicate } };
  };
  return { signature, payload, signedBytes: preAuthEncoding(envelope), readContent };
}

/** The chain is not read: the trusted root has the certificates of authorities. */
function ofMaterial({
  certificate,
  logEntry,
  timestamp,
}: VerificationMaterial): Pick<Evidence, 'certificate' | 'logEntries' | 'timestamps'> {
  return {
    certificate: certificate === undefined ? undefined : readCertificate(certificate),
    logEntries: logEntry === undefined ? [] : [parseRekorBundle(logEntry)],
    timestamps: timestamp === undefined ? [] : [parseTimestamp(timestamp)],
  };
}

/** PEM or DER. */
function readCertificate(bytes: string | Uint8Array): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch (error) {
    throw new FormatError(`the certificate cannot be read: ${messageOf(error)}`);
  }
}
