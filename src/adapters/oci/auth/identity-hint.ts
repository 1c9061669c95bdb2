import { type HttpRequest, type HttpResponse, isRead } from '../../../http/request.ts';
import { parseErrors } from '../../../http/spec-errors.ts';
import { isGoogleHost } from '../../../image/google-hosts.ts';
import { hostOf, type Repository } from '../../../image/repository.ts';
import type { Credential, Identity } from '../../../ports/keychain.ts';

/** The refusal of an identity. */
export interface Refusal {
  readonly status: number;
  /** The refused value: the credential itself, or a token made with it, which may lack a right. */
  readonly judged: 'credential' | 'token';
  readonly method: HttpRequest['method'];
  /** The scopes of the request, of its own repository first. */
  readonly scopes: readonly string[];
}

/** The refused identity, the missing right and the remedy, for the message of a 401 or 403. Never the secret. */
export function identityHint(host: string, { name, credential }: Identity, refusal: Refusal): string {
  if (credential.kind === 'anonymous') return missingCredentials(host);
  if (refusal.status === 401 && refusal.judged === 'credential' && isLogin(credential)) {
    const login = ECR.test(host) ? ECR_LOGIN : `docker login ${host}`;
    return `identity ${name}: these credentials were rejected, log in again: ${login}`;
  }
  const rights = refusal.scopes
    .map((scope) => describeRight(host, scope, refusal))
    .filter((one) => one !== '');
  if (rights.length === 0) return `identity ${name}`;
  return `identity ${name} needs the right ${rights.join(', and ')}${roleOf(host, credential, refusal)}`;
}

/** For the message of a 404 to a write: the repository, or the project around it, does not exist. */
export function missingHint(repository: Repository, identity: Identity | undefined): string {
  const hint = `${repository} may have to be created before it is written to`;
  if (identity === undefined) return hint;
  if (identity.credential.kind === 'anonymous') return `${missingCredentials(hostOf(repository))}; ${hint}`;
  return `identity ${identity.name} may lack the right to push; ${hint}`;
}

/** True for a 404 to a write that means the repository, not a blob, manifest or upload. */
export function isMissingRepository(request: HttpRequest, { status, body }: HttpResponse): boolean {
  if (status !== 404 || request.method === 'DELETE' || isRead(request)) return false;
  const codes = parseErrors(body).map(({ code }) => code);
  return codes.includes('NAME_UNKNOWN') || (request.method === 'POST' && codes.length === 0);
}

/** True for the credentials of a login, which a login renews. */
function isLogin({ kind }: Credential): boolean {
  return kind === 'basic' || kind === 'identity-token' || kind === 'registry-token';
}

function missingCredentials(host: string): string {
  const unknown = `no credentials are configured for ${host}`;
  if (isGoogleHost(host)) return `${unknown}, see gcloud auth configure-docker`;
  return `${unknown}, see ${ECR.test(host) ? ECR_LOGIN : 'docker login'}`;
}

/** A write lacks the right to push; a read of a destination may lack both, before the repository exists. */
function describeRight(host: string, scope: string, request: Refusal): string {
  if (scope.startsWith('registry:catalog:')) return `to list the repositories of ${host}`;
  const [, repository, actions] = /^repository:(.*):([a-z,]+)$/.exec(scope) ?? [];
  if (repository === undefined) return '';
  const push = isRead(request) ? 'pull and push' : 'push';
  return `to ${actions === 'pull' ? 'pull' : push} for ${host}/${repository}`;
}

/** The role or action with the right, for registries with one name for it. */
function roleOf(host: string, { kind }: Credential, { scopes: [own = ''] }: Refusal): string {
  const isPull = own.endsWith(':pull');
  if (kind === 'access-token' || isGoogleHost(host)) {
    return `, at Artifact Registry roles/artifactregistry.${isPull ? 'reader' : 'writer'}`;
  }
  if (!ECR.test(host)) return '';
  return `, at Amazon ECR ${isPull ? 'ecr:BatchGetImage' : 'ecr:InitiateLayerUpload and ecr:PutImage'}`;
}

const ECR = /^\d{12}\.dkr[.-]ecr(?:-fips)?\.[a-z0-9-]+\.(?:amazonaws\.com(?:\.cn)?|on\.aws)$/;
const ECR_LOGIN = 'docker-credential-ecr-login, or aws ecr get-login-password, which is good for 12 hours';
