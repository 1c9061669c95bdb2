import { trustedKey } from '../../../signature/public-keys.ts';
import type { SignerIdentity } from '../../../signature/stored-signature.ts';
import type { SigningKey } from './keys/signing-key.ts';
import type { CertificateChain } from './services/fulcio.ts';

/** A key, and the certificate of it if there is one. They belong together: a credential never changes. */
export interface Credential {
  readonly identity: SignerIdentity;
  readonly key: SigningKey;
  readonly chain?: CertificateChain;
}

/** Where the credential of a signature comes from. */
export interface CredentialSource {
  /** The identity of its credentials. */
  identity(signal: AbortSignal): Promise<SignerIdentity>;
  /** A credential for a signature that is made now. */
  current(signal: AbortSignal): Promise<Credential>;
}

/** The one credential of a key. */
export function keyCredentials(key: SigningKey): CredentialSource {
  const identity = { kind: 'key', fingerprint: trustedKey(key.public.object).fingerprint } as const;
  return {
    identity: () => Promise.resolve(identity),
    current: () => Promise.resolve({ identity, key }),
  };
}
