import type { Clock } from '../../../ports/clock.ts';
import type { Signer } from '../../../ports/signatures.ts';
import { keyCredentials } from './credentials.ts';
import { FulcioCredentials } from './fulcio-credentials.ts';
import type { SigningKey } from './keys/signing-key.ts';
import type { Service } from './services/call-service.ts';
import { createRekorV1 } from './services/rekor-v1.ts';
import { createRekorV2 } from './services/rekor-v2.ts';
import { type MakeNonce, randomNonce, requestTimestamp } from './services/timestamp-authority.ts';
import { SigningError } from './signing-error.ts';
import type { SigningServices } from './signing-services.ts';
import { SigningLimiter } from './signing-limiter.ts';
import { createSigstoreSigner } from './sigstore-signer.ts';
import type { TokenSource } from './tokens/identity-token.ts';

export interface SigstoreSignerOptions {
  /** Tokens for certificates, or a key. */
  readonly by:
    | { readonly kind: 'keyless'; readonly tokens: TokenSource }
    | { readonly kind: 'key'; readonly key: SigningKey };
  readonly services: SigningServices;
  /** Whether signatures are logged. */
  readonly isLogged: boolean;
  /** Sends requests, retries and `Retry-After` included. */
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** Signatures that have not begun are not made once it aborts. */
  readonly stopping: AbortSignal;
  /** Milliseconds for the answer of a service, retries included. Default: 120,000. */
  readonly limit?: number;
  readonly makeNonce?: MakeNonce;
}

const SERVICE_LIMIT = 120_000;

/** A signer of these services. Throws a `SigningError` for a key that the log does not take. */
export function openSigstoreSigner(options: SigstoreSignerOptions): Signer {
  const { by, services, isLogged, fetch, clock, stopping } = options;
  const { limit = SERVICE_LIMIT, makeNonce = randomNonce } = options;
  if (by.kind === 'key' && isLogged && by.key.public.algorithm === 'PKIX_ED25519') {
    throw new SigningError(
      'key',
      'signatures of Ed25519 keys are not logged: leave out -sign-log, or use an EC P-256 key',
    );
  }
  const service = (name: string, url: string): Service => ({ name, url, fetch, limit });
  const { fulcio, log, timestamps } = services;
  const authority = timestamps === undefined ? undefined : service('timestamp authority', timestamps);
  return createSigstoreSigner({
    credentials:
      by.kind === 'key'
        ? keyCredentials(by.key)
        : new FulcioCredentials({ fulcio: service('fulcio', fulcio), tokens: by.tokens, clock }),
    limiter: new SigningLimiter({ clock, stopping }),
    log: isLogged ? createLog(log.version, service('rekor', log.url)) : undefined,
    timestamp:
      authority && ((content, signal) => requestTimestamp(authority, { content, makeNonce, signal })),
  });
}

function createLog(version: 1 | 2, rekor: Service) {
  return version === 1 ? createRekorV1(rekor) : createRekorV2(rekor);
}
