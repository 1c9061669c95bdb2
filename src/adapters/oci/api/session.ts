import type { HttpRequest, Send } from '../../../http/request.ts';
import { asRepository, hostOf, type RegistryName, type Repository } from '../../../image/repository.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { ChunkSupport } from './blobs/chunk-support.ts';
import { type Endpoints, nameOf } from './endpoint.ts';
import type { HeadSupport } from './head-support.ts';
import type { InvalidNames } from './invalid-names.ts';

/** What the parts of the client share: the transport, the way to build a request for a repository, what was learned. */
export interface Session {
  readonly send: Send;
  readonly endpoints: Endpoints;
  readonly chunks: ChunkSupport;
  readonly heads: HeadSupport;
  readonly invalidNames: InvalidNames;
  readonly clock: Clock;
  /** True where repositories are read to be written to: some registries let only those read who ask to write. */
  readonly readsToWrite?: boolean;
}

type RequestParts = Pick<HttpRequest, 'method'> &
  Partial<Pick<HttpRequest, 'headers' | 'body' | 'maxBodyBytes' | 'answer' | 'slot'>>;

/** A request below `/v2/<name>/` that reads. */
export function readRequest(
  session: Session,
  repository: Repository,
  { path, signal, ...parts }: RequestParts & { readonly path: string; readonly signal: AbortSignal },
): HttpRequest {
  const url = session.endpoints.urlOf(repository, path);
  const host = hostOf(repository);
  const wider = session.readsToWrite === true ? { widerScopes: [pushScope(repository)] } : {};
  return { headers: {}, ...parts, url, host, repository, scopes: [pullScope(repository)], ...wider, signal };
}

/** A request below `/v2/` that reads and is about no repository. */
export function hostRequest(
  session: Session,
  registry: RegistryName,
  { path, signal, ...parts }: RequestParts & { readonly path: string; readonly signal: AbortSignal },
): HttpRequest {
  const host = hostOf(registry);
  const url = new URL(`${session.endpoints.originOf(host)}/v2/${path}`);
  const scopes = ['registry:catalog:*'];
  return { headers: {}, ...parts, url, host, repository: asRepository(registry), scopes, signal };
}

/** A request to some URL that writes to a repository. */
export function writeRequest(
  repository: Repository,
  { url, signal, ...parts }: RequestParts & { readonly url: URL; readonly signal: AbortSignal },
): HttpRequest {
  const host = hostOf(repository);
  return { headers: {}, ...parts, url, host, repository, scopes: [pushScope(repository)], signal };
}

export function pullScope(repository: Repository): string {
  return `repository:${nameOf(repository)}:pull`;
}

export function pushScope(repository: Repository): string {
  return `repository:${nameOf(repository)}:pull,push`;
}
