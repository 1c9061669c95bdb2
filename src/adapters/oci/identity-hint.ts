import { quote } from '../../base/text.ts';
import type { Credential } from '../../ports/keychain.ts';

/** Whom a registry has refused, and what to do: for the message of a 401 or 403. Never the secret. */
export function identityHint(host: string, credential: Credential): string {
  switch (credential.kind) {
    case 'anonymous':
      return `no credentials are configured for ${host}, see docker login`;
    case 'basic':
      return `asked as user ${quote(credential.username)}`;
    case 'identity-token':
      return `asked with the identity token for ${host}`;
    case 'registry-token':
      return `asked with the registry token for ${host}`;
  }
}
