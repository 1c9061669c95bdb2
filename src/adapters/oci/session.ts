import { asRepository, hostOf, type RegistryName, type Repository } from '../../image/repository.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ChunkHabits } from './chunk-habits.ts';
import { type Endpoints, nameOf } from './endpoint.ts';
import type { HttpRequest, Send } from './http.ts';
import type { OddNames } from './odd-names.ts';

/** What the parts of the client share: the transport, the way to build a request for a repository, what was learned. */
export interface Session {
  readonly send: Send;
  readonly endpoints: Endpoints;
  readonly chunks: ChunkHabits;
  readonly oddNames: OddNames;
  readonly clock: Pick<Clock, 'monotonic'>;
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
  return { headers: {}, ...parts, url, host, repository, scopes: [pullScope(repository)], signal };
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
