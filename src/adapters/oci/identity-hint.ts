import type { Credential, Identity } from '../../ports/keychain.ts';

/** How somebody was refused. */
export interface Refusal {
  readonly status: number;
  /** What looked at the credential: itself, or a token that was made of it and may lack a right. */
  readonly judged: 'credential' | 'token';
  readonly scopes: readonly string[];
}

/** Whom a registry has refused, what was missing and what to do: for the message of a 401 or 403. Never the secret. */
export function identityHint(host: string, { name, credential }: Identity, refusal: Refusal): string {
  if (credential.kind === 'anonymous') return `no credentials are configured for ${host}, see docker login`;
  if (refusal.status === 401 && refusal.judged === 'credential' && isLogin(credential)) {
    return `asked as ${name}: these credentials were rejected, log in again: docker login ${host}`;
  }
  const [own] = refusal.scopes;
  const [, repository, actions] = /^repository:(.*):([a-z,]+)$/.exec(own ?? '') ?? [];
  if (repository === undefined) return `asked as ${name}`;
  const role = actions === 'pull' ? 'reader' : 'writer';
  const google =
    credential.kind === 'access-token' ? `, at Artifact Registry roles/artifactregistry.${role}` : '';
  return `asked as ${name}, who needs the right to ${actions} for ${host}/${repository}${google}`;
}

/** What a log-in makes, and makes anew. */
function isLogin({ kind }: Credential): boolean {
  return kind === 'basic' || kind === 'identity-token' || kind === 'registry-token';
}
