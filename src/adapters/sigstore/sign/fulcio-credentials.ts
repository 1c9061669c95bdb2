import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { SharedWork } from '../../../base/shared-work.ts';
import { quote } from '../../../base/text.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { SignerIdentity } from '../../../signature/stored-signature.ts';
import { identityIn } from './certificates.ts';
import type { Credential, CredentialSource } from './credentials.ts';
import { localKey } from './keys/signing-key.ts';
import type { Service } from './services/call-service.ts';
import { type CertificateChain, requestCertificate } from './services/fulcio.ts';
import { SigningError } from './signing-error.ts';
import { identityOfToken, type TokenSource } from './tokens/identity-token.ts';

export interface FulcioOptions {
  readonly fulcio: Service;
  readonly tokens: TokenSource;
  readonly clock: Clock;
}

/** Milliseconds that a certificate must still be valid: a signature is logged after it is made, with retries. */
const MARGIN = 150_000;
/** Milliseconds that a refusal is kept: thousands of images may wait for the same certificate. */
const REFUSAL_STAYS = 60_000;

/**
 * Credentials with a certificate of Fulcio, one for all signatures until shortly before its end. Times are those of the
 * monotonic clock, because the clock of this machine may be wrong.
 */
export class FulcioCredentials implements CredentialSource {
  readonly #options: FulcioOptions;
  readonly #renewal: SharedWork<Credential>;
  #kept: { readonly credential: Credential; readonly until: number } | undefined;
  #refusal: { readonly error: SigningError; readonly until: number } | undefined;
  #identity: SignerIdentity | undefined;

  constructor(options: FulcioOptions) {
    this.#options = options;
    this.#renewal = new SharedWork((signal) => this.#renew(signal));
  }

  /** By the token, if its issuer is known; else by a certificate. */
  async identity(signal: AbortSignal): Promise<SignerIdentity> {
    if (this.#identity !== undefined) return this.#identity;
    const token = await this.#options.tokens.current(signal);
    return (this.#identity = identityOfToken(token) ?? (await this.current(signal)).identity);
  }

  async current(signal: AbortSignal): Promise<Credential> {
    const now = this.#options.clock.monotonic();
    if (this.#kept !== undefined && now < this.#kept.until) return this.#kept.credential;
    if (this.#refusal !== undefined && now < this.#refusal.until) throw this.#refusal.error;
    return this.#renewal.join(signal);
  }

  async #renew(signal: AbortSignal): Promise<Credential> {
    const { fulcio, tokens, clock } = this.#options;
    try {
      const token = await tokens.current(signal);
      const key = await makeKey();
      const asked = clock.monotonic();
      const chain = await requestCertificate(fulcio, { token, key, signal });
      const credential = { key, chain, identity: checkedIdentity(chain, identityOfToken(token)) };
      this.#kept = { credential, until: asked + usableTime(chain) };
      return credential;
    } catch (error) {
      if (error instanceof SigningError && error.code !== 'unavailable')
        this.#refusal = { error, until: clock.monotonic() + REFUSAL_STAYS };
      throw error;
    }
  }
}

async function makeKey() {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  return localKey(privateKey, 'the key of the certificate');
}

/** Signatures of another identity than the expected one would be made again by every run. */
function checkedIdentity({ leaf }: CertificateChain, expected: SignerIdentity | undefined): SignerIdentity {
  const identity = identityIn(leaf);
  if (identity?.kind !== 'certificate')
    throw new SigningError('malformed', 'fulcio: the certificate names no identity or no issuer');
  const isExpected =
    expected?.kind !== 'certificate' ||
    (expected.identity === identity.identity && expected.issuer === identity.issuer);
  if (isExpected) return identity;
  throw new SigningError(
    'malformed',
    `fulcio: the certificate names ${quote(identity.identity)} (${quote(identity.issuer)}), the token ${quote(expected.identity)} (${quote(expected.issuer)})`,
  );
}

/** Milliseconds. */
function usableTime({ leaf: { validFrom, validTo } }: CertificateChain): number {
  const lifetime = Date.parse(validTo) - Date.parse(validFrom);
  return Math.max(lifetime - MARGIN, lifetime / 2);
}
