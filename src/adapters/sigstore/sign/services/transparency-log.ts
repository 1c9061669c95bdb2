import type { LogEntry } from '../../../../signature/log-entry.ts';
import type { PublicKey } from '../keys/signing-key.ts';

/** A signature as a transparency log records it. */
export interface LoggedSignature {
  /** The signed bytes. */
  readonly content: Uint8Array;
  readonly signature: Uint8Array;
  /** The certificate (DER) or key that verifies it. */
  readonly verifier: Verifier;
  /** The JSON of the DSSE envelope, where `content` is its pre-authentication encoding. */
  readonly envelope?: string;
}

export interface Verifier {
  readonly publicKey: PublicKey;
  /** Of Fulcio; DER and PEM. */
  readonly certificate?: { readonly der: Buffer; readonly pem: string };
}

/** A log for signatures. */
export interface TransparencyLog {
  /** Whether its entries have a signed timestamp, without which a signature in `.sig` proves nothing. */
  readonly promises: boolean;
  /** Records a signature, once. Throws a `SigningError`. */
  add(signature: LoggedSignature, signal: AbortSignal): Promise<LogEntry>;
}
