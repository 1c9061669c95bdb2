import { CodedError } from '../base/errors.ts';
import { SingleFlight } from '../base/single-flight.ts';
import type { SignatureVerifier, Signer } from '../ports/signatures.ts';
import type { SignerIdentity, StoredSignature, VerifiedSignature } from '../signature/stored-signature.ts';

export interface SignatoryPorts {
  /** Unset: nothing is signed, and the signatures of `accepts` alone are recognized. */
  readonly signer?: Signer | undefined;
  readonly verifier: SignatureVerifier;
  /** Others whose signatures are recognized beside those of the signer. Unset: none. */
  readonly accepts?: ((signer: SignerIdentity) => boolean) | undefined;
  /** Nothing is signed once it aborts. */
  readonly stopping: AbortSignal;
}

/** A signature of this run does not pass the verification that later runs make. */
export class UnverifiableSignature extends CodedError<'unverifiable'> {}

/** Signs as one identity, and recognizes the signatures of that identity and of others that are accepted. */
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

  /** The content of a signature that verifies and is of an accepted identity; undefined for any other. */
  async recognize(stored: StoredSignature, signal: AbortSignal): Promise<VerifiedSignature | undefined> {
    const result = await this.#ports.verifier.verify(stored, signal);
    const isRecognized = result.kind === 'verified' && (await this.accepts(result.signature.signer, signal));
    return isRecognized ? result.signature : undefined;
  }

  /** True for the identity of the signer, and for those of `accepts`. */
  async accepts(identity: SignerIdentity, signal: AbortSignal): Promise<boolean> {
    const { signer, accepts } = this.#ports;
    if (accepts?.(identity) === true) return true;
    return signer !== undefined && isSame(identity, await this.#ownIdentity(signer, signal));
  }

  signStatement(statement: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return this.#sign(
      (signer) => signer.signStatement(statement, signal),
      (bytes) => ({ kind: 'bundle', bytes }),
      signal,
    );
  }

  signPayload(
    payload: Uint8Array,
    signal: AbortSignal,
  ): Promise<StoredSignature & { readonly kind: 'simple-signing' }> {
    return this.#sign(
      (signer) => signer.signPayload(payload, signal),
      (signature) => signature,
      signal,
    );
  }

  #ownIdentity(signer: Signer, signal: AbortSignal): Promise<SignerIdentity> {
    return this.#identity.run('own', () => signer.identity(signal));
  }

  /**
   * Signs and verifies. After the first signature that does not verify nothing more is signed: each run would sign again,
   * and every signature is an entry of a public log.
   */
  async #sign<Signed>(
    sign: (signer: Signer) => Promise<Signed>,
    storedOf: (signed: Signed) => StoredSignature,
    signal: AbortSignal,
  ): Promise<Signed> {
    this.#ports.stopping.throwIfAborted();
    if (this.#fault !== undefined) throw this.#fault;
    const { signer } = this.#ports;
    if (signer === undefined) throw new Error('a run without a signer signs nothing');
    const signed = await sign(signer);
    this.#made += 1;
    const fault = await this.#faultOf(storedOf(signed), signer, signal);
    if (fault === undefined) return signed;
    this.#fault = new UnverifiableSignature(
      'unverifiable',
      `signing stopped: a new signature does not verify: ${fault}: check -trusted-root and the signer`,
    );
    throw this.#fault;
  }

  async #faultOf(stored: StoredSignature, by: Signer, signal: AbortSignal): Promise<string | undefined> {
    const result = await this.#ports.verifier.verify(stored, signal);
    if (result.kind === 'refused') return result.reason;
    const { signer } = result.signature;
    const own = await this.#ownIdentity(by, signal);
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
