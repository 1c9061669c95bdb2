import type { Identity } from '../../ports/keychain.ts';

/** Whom a registry has refused, what was missing and what to do: for the message of a 401 or 403. Never the secret. */
export function identityHint(
  host: string,
  { name, credential }: Identity,
  scopes: readonly string[],
): string {
  if (credential.kind === 'anonymous') return `no credentials are configured for ${host}, see docker login`;
  const [own] = scopes;
  const [, repository, actions] = /^repository:(.*):([a-z,]+)$/.exec(own ?? '') ?? [];
  if (repository === undefined) return `asked as ${name}`;
  const role = actions === 'pull' ? 'reader' : 'writer';
  const google =
    credential.kind === 'access-token' ? `, at Artifact Registry roles/artifactregistry.${role}` : '';
  return `asked as ${name}, who needs the right to ${actions} for ${host}/${repository}${google}`;
}
