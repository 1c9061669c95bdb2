import { createHash } from 'node:crypto';
import type { Signer } from '../../../ports/signatures.ts';
import { encodeBundle } from '../../../signature/bundle.ts';
import { envelopeJson, preAuthEncoding, toBase64 } from '../../../signature/dsse.ts';
import type { LogEntry } from '../../../signature/log-entry.ts';
import { IN_TOTO } from '../../../signature/media-types.ts';
import { encodeRekorBundle, encodeTimestamp } from '../../../signature/rekor-bundle.ts';
import type { Credential, CredentialSource } from './credentials.ts';
import type { TransparencyLog } from './services/transparency-log.ts';
import { SigningError } from './signing-error.ts';
import type { SigningLimiter } from './signing-limiter.ts';

export interface SignerParts {
  readonly credentials: CredentialSource;
  readonly limiter: SigningLimiter;
  /** Undefined: signatures are not logged. */
  readonly log: TransparencyLog | undefined;
  /** A timestamp of some bytes (RFC 3161, DER). Undefined: signatures have none. */
  readonly timestamp: ((content: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>) | undefined;
}

/** A signature, and what proves when it was made. */
interface Signed {
  readonly credential: Credential;
  readonly signature: Uint8Array;
  readonly timestamp: Uint8Array | undefined;
  readonly entry: LogEntry | undefined;
}

type MakeEnvelope = (signature: Uint8Array) => string;

interface SignOptions {
  readonly makeEnvelope?: MakeEnvelope;
  readonly signal: AbortSignal;
}

/** Signs as Sigstore's clients do: with a certificate or a key, a log entry and a timestamp. */
export function createSigstoreSigner(parts: SignerParts): Signer {
  return {
    identity: (signal) => parts.credentials.identity(signal),
    signStatement: async (payload, signal) => {
      const unsigned = { payloadType: IN_TOTO, payload };
      const makeEnvelope: MakeEnvelope = (signature) =>
        JSON.stringify(envelopeJson({ ...unsigned, signature }));
      const content = preAuthEncoding(unsigned);
      const signed = await parts.limiter.run(() => sign(content, parts, { makeEnvelope, signal }), signal);
      const { credential, entry, timestamp, signature } = signed;
      return encodeBundle({
        key: bundleKeyOf(credential),
        logEntries: entry === undefined ? [] : [entry],
        timestamps: timestamp === undefined ? [] : [timestamp],
        envelope: { ...unsigned, signature },
      });
    },
    signPayload: async (payload, signal) => {
      if (parts.log !== undefined && !parts.log.promises) {
        throw new SigningError(
          'unsupported',
          'a .sig tag needs an entry of Rekor v1: use -rekor-version=1, or write no .sig tags',
        );
      }
      const signed = await parts.limiter.run(() => sign(payload, parts, { signal }), signal);
      return {
        kind: 'simple-signing',
        payload,
        signature: toBase64(signed.signature),
        ...annotationsOf(signed),
      };
    },
  };
}

/** A signature whose log entry cannot be read is made once more: an EC key makes a different one, with its own entry. */
async function sign(content: Uint8Array, parts: SignerParts, options: SignOptions): Promise<Signed> {
  try {
    return await signOnce(content, parts, options);
  } catch (error) {
    if (!(error instanceof SigningError) || error.code !== 'logged') throw error;
    return await signOnce(content, parts, options);
  }
}

/** The certificate is requested after the wait, so that it is still valid. The log entry comes last, because it is permanent. */
async function signOnce(
  content: Uint8Array,
  { credentials, timestamp, log }: SignerParts,
  { makeEnvelope, signal }: SignOptions,
): Promise<Signed> {
  const credential = await credentials.current(signal);
  const signature = await credential.key.sign(content, signal);
  const signed = { credential, signature, timestamp: await timestamp?.(signature, signal) };
  const certificate = credential.chain?.leaf;
  const verifier = {
    publicKey: credential.key.public,
    ...(certificate !== undefined && { certificate: { der: certificate.raw, pem: certificate.toString() } }),
  };
  const envelope = makeEnvelope?.(signature);
  const logged = { content, signature, verifier, ...(envelope !== undefined && { envelope }) };
  return { ...signed, entry: await log?.add(logged, signal) };
}

function bundleKeyOf({ key, chain }: Credential) {
  if (chain !== undefined) return { kind: 'certificate', certificate: chain.leaf.raw } as const;
  const hint = createHash('sha256').update(key.public.der).digest('base64');
  return { kind: 'key', hint } as const;
}

function annotationsOf({ credential: { chain }, timestamp, entry }: Signed) {
  return {
    certificate: chain?.leaf.toString(),
    chain: chain?.others.map(String).join(''),
    logEntry: entry && encodeRekorBundle(entry),
    timestamp: timestamp && encodeTimestamp(timestamp),
  };
}
