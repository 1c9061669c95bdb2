import type { IdentityFault } from '../../../base/host-fault.ts';
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
  if (isRejected(credential, refusal)) {
    return `identity ${name}: these credentials were rejected, log in again: ${loginAt(host)}`;
  }
  const rights = refusal.scopes
    .map((scope) => describeRight(host, scope, refusal))
    .filter((one) => one !== '');
  if (rights.length === 0) return `identity ${name}`;
  const role = roleOf(host, credential, refusal);
  const named = role === undefined ? '' : `, at ${role.registry} ${role.name}`;
  return `identity ${name} needs the right ${rights.join(', and ')}${named}`;
}

/** The fault of a refused identity: the same for every repository of the host. */
export function identityFault(host: string, { name, credential }: Identity, refusal: Refusal): IdentityFault {
  if (credential.kind === 'anonymous') return anonymousFault(host);
  if (isRejected(credential, refusal)) return { kind: 'credentials', identity: name, remedy: loginAt(host) };
  const right = isRead(refusal) && refusal.scopes[0]?.endsWith(':pull') === true ? 'pull' : 'push';
  const remedy = roleOf(host, credential, refusal)?.name ?? `the right to ${right}`;
  return { kind: 'right', identity: name, remedy };
}

function isRejected(credential: Credential, { status, judged }: Refusal): boolean {
  return status === 401 && judged === 'credential' && isLogin(credential);
}

/** The fault of a host that requires credentials where none are configured. */
function anonymousFault(host: string): IdentityFault {
  return { kind: 'credentials', remedy: isGoogleHost(host) ? GOOGLE_LOGIN : loginAt(host) };
}

function loginAt(host: string): string {
  return ECR.test(host) ? ECR_LOGIN : `docker login ${host}`;
}

/** For a 404 to a write: the repository, or the project around it, does not exist. */
export function explainMissing(
  repository: Repository,
  identity: Identity | undefined,
): { readonly hint: string; readonly identityFault?: IdentityFault } {
  const hint = `${repository} may have to be created before it is written to`;
  if (identity === undefined) return { hint };
  if (identity.credential.kind !== 'anonymous')
    return { hint: `identity ${identity.name} may lack the right to push; ${hint}` };
  const host = hostOf(repository);
  return { hint: `${missingCredentials(host)}; ${hint}`, identityFault: anonymousFault(host) };
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
  if (isGoogleHost(host)) return `${unknown}, see ${GOOGLE_LOGIN}`;
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
function roleOf(
  host: string,
  { kind }: Credential,
  { scopes: [own = ''] }: Refusal,
): { readonly registry: string; readonly name: string } | undefined {
  const isPull = own.endsWith(':pull');
  if (kind === 'access-token' || isGoogleHost(host)) {
    const name = `roles/artifactregistry.${isPull ? 'reader' : 'writer'}`;
    return { registry: 'Artifact Registry', name };
  }
  if (!ECR.test(host)) return undefined;
  const name = isPull ? 'ecr:BatchGetImage' : 'ecr:InitiateLayerUpload and ecr:PutImage';
  return { registry: 'Amazon ECR', name };
}

const ECR = /^\d{12}\.dkr[.-]ecr(?:-fips)?\.[a-z0-9-]+\.(?:amazonaws\.com(?:\.cn)?|on\.aws)$/;
const GOOGLE_LOGIN = 'gcloud auth configure-docker';
const ECR_LOGIN = 'docker-credential-ecr-login, or aws ecr get-login-password, which is good for 12 hours';
