import { CodedError } from '../base/errors.ts';
import { SingleFlight } from '../base/single-flight.ts';
import type { SignatureVerifier, Signer } from '../ports/signatures.ts';
import type { SignerIdentity, StoredSignature, VerifiedSignature } from '../signature/stored-signature.ts';

export interface SignatoryPorts {
  readonly signer: Signer;
  readonly verifier: SignatureVerifier;
  /** Nothing is signed once it aborts. */
  readonly stopping: AbortSignal;
}

/** A signature of this run does not pass the verification that later runs make. */
export class UnverifiableSignature extends CodedError<'unverifiable'> {}

/** Signs as one identity, and recognizes the signatures of that identity. */
export class Signatory {
  readonly #ports: SignatoryPorts;
  readonly #identity = new SingleFlight<'own', SignerIdentity>();
  #fault: UnverifiableSignature | undefined;
  #made = 0;

  constructor(ports: SignatoryPorts) {
    this.#ports = ports;
  }

  /** Number of signatures made. */
  get made(): number {
    return this.#made;
  }

  /** The content of a signature that verifies and is of this identity; undefined for any other. */
  async recognize(stored: StoredSignature, signal: AbortSignal): Promise<VerifiedSignature | undefined> {
    const own = await this.#ownIdentity(signal);
    const result = await this.#ports.verifier.verify(stored, signal);
    return result.kind === 'verified' && isSame(result.signature.signer, own) ? result.signature : undefined;
  }

  signStatement(statement: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return this.#sign(
      () => this.#ports.signer.signStatement(statement, signal),
      (bytes) => ({ kind: 'bundle', bytes }),
      signal,
    );
  }

  signPayload(
    payload: Uint8Array,
    signal: AbortSignal,
  ): Promise<StoredSignature & { readonly kind: 'simple-signing' }> {
    return this.#sign(
      () => this.#ports.signer.signPayload(payload, signal),
      (signature) => signature,
      signal,
    );
  }

  #ownIdentity(signal: AbortSignal): Promise<SignerIdentity> {
    return this.#identity.run('own', () => this.#ports.signer.identity(signal));
  }

  /**
   * Signs and verifies. After the first signature that does not verify nothing more is signed: each run would sign again,
   * and every signature is an entry of a public log.
   */
  async #sign<Signed>(
    sign: () => Promise<Signed>,
    storedOf: (signed: Signed) => StoredSignature,
    signal: AbortSignal,
  ): Promise<Signed> {
    this.#ports.stopping.throwIfAborted();
    if (this.#fault !== undefined) throw this.#fault;
    const signed = await sign();
    this.#made += 1;
    const fault = await this.#faultOf(storedOf(signed), signal);
    if (fault === undefined) return signed;
    this.#fault = new UnverifiableSignature(
      'unverifiable',
      `signing stopped: a new signature does not verify: ${fault}: check -trusted-root and the signer`,
    );
    throw this.#fault;
  }

  async #faultOf(stored: StoredSignature, signal: AbortSignal): Promise<string | undefined> {
    const result = await this.#ports.verifier.verify(stored, signal);
    if (result.kind === 'refused') return result.reason;
    const { signer } = result.signature;
    const own = await this.#ownIdentity(signal);
    return isSame(signer, own) ? undefined : `it is by ${nameOf(signer)}, not by ${nameOf(own)}`;
  }
}

function isSame(a: SignerIdentity, b: SignerIdentity): boolean {
  return nameOf(a) === nameOf(b);
}

/** An identity for messages. */
export function nameOf(identity: SignerIdentity): string {
  return identity.kind === 'key'
    ? `the key sha256:${identity.fingerprint}`
    : `${identity.identity} (${identity.issuer})`;
}
