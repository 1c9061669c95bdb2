import type { HttpRequest, Send } from '../../../http/request.ts';
import { asRepository, hostOf, type RegistryName, type Repository } from '../../../image/repository.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { ChunkSupport } from './blobs/chunk-support.ts';
import { type Endpoints, nameOf } from './endpoint.ts';
import type { HeadSupport } from './head-support.ts';
import type { InvalidNames } from './invalid-names.ts';

/** The shared state of the client: the transport, the URLs, and facts learned about hosts. */
export interface Session {
  readonly send: Send;
  readonly endpoints: Endpoints;
  readonly chunks: ChunkSupport;
  readonly heads: HeadSupport;
  readonly invalidNames: InvalidNames;
  readonly clock: Clock;
  /** True for reads of destinations: some registries allow them only with the right to push. */
  readonly readsToWrite?: boolean;
}

type RequestParts = Pick<HttpRequest, 'method'> &
  Partial<Pick<HttpRequest, 'headers' | 'body' | 'maxBodyBytes' | 'answer' | 'slot'>>;

/** A read below `/v2/<name>/`. */
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

/** A read below `/v2/` about no repository. */
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

/** A write to a repository, at any URL. */
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
