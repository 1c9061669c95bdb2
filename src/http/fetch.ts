import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { REQUEST_RETRY, TIME_LIMITS } from '../base/limits-and-retries.ts';
import { NO_REPOSITORY } from '../image/repository.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { RegistryError } from '../ports/registry-error.ts';
import type { NetworkOptions } from './connect/network-options.ts';
import { withRedirects } from './redirects.ts';
import { describeRequest, type HttpRequest, type HttpResponse, type Method } from './request.ts';
import { withRetry } from './retry.ts';
import { createWire } from './wire.ts';

export interface FetchOptions {
  /** Certificates and proxies. */
  readonly network: Partial<NetworkOptions>;
  readonly clock: Clock;
  readonly log: Log;
  /** For requests that name no user agent. */
  readonly userAgent: string;
}

export interface FetchClient {
  readonly fetch: typeof fetch;
  /** Closes every connection. */
  close(): Promise<void>;
}

/** Bytes: a thousand images with a hundred tags and children each have less. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/**
 * A `fetch` over this stack, for libraries of services other than registries. It has the same connections,
 * certificates, proxies, redirects and retries. A request of the caller may go to a metadata service, from which
 * identity federation reads its tokens; a redirect may not. Throws `RegistryError` if there is no response.
 */
export function createFetch({ network, clock, log, userAgent }: FetchOptions): FetchClient {
  const wire = createWire({ originOf: (origin) => origin, nearest: 'anywhere', network, userAgent });
  const send = withRetry(withRedirects(wire.send), {
    clock,
    policy: REQUEST_RETRY,
    onRetry: (host, delay, why) => log.write('debug', 'retrying', { host, wait: Math.round(delay), why }),
  });
  return {
    fetch: async (input, init) => {
      const request = await requestOf(input, init);
      return responseOf(request, await send(request));
    },
    close: wire.close,
  };
}

async function requestOf(
  input: Parameters<typeof fetch>[0],
  init: RequestInit | undefined,
): Promise<HttpRequest> {
  const { method = 'GET', headers = {}, body = null, signal } = init ?? {};
  // sets the content type for each kind of body; a signal here would add a listener for each request
  const asked = new Request(input, { method, headers, body });
  const url = new URL(asked.url);
  const content = asked.body === null ? undefined : new Uint8Array(await asked.arrayBuffer());
  return {
    method: methodOf(asked.method),
    url,
    host: url.origin,
    repository: NO_REPOSITORY,
    headers: { 'accept-encoding': 'gzip', ...Object.fromEntries(asked.headers) },
    ...(content !== undefined && { body: content }),
    scopes: [],
    maxBodyBytes: MAX_BODY_BYTES,
    totalLimit: TIME_LIMITS.apiAnswer,
    purpose: 'api',
    signal: signal ?? new AbortController().signal,
  };
}

const METHODS: ReadonlySet<string> = new Set<Method>(['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE']);

function methodOf(method: string): Method {
  if (isMethod(method)) return method;
  throw new TypeError(`method ${method} is not supported`);
}

function isMethod(method: string): method is Method {
  return METHODS.has(method);
}

async function responseOf(request: HttpRequest, response: HttpResponse): Promise<Response> {
  const { status, headers } = response;
  const body = await decodedBody(request, response);
  return new Response(body.length === 0 ? null : body, { status, headers });
}

/** Bounded again, because a few bytes may inflate to any size. */
async function decodedBody(
  request: HttpRequest,
  { headers, body }: HttpResponse,
): Promise<Uint8Array<ArrayBuffer>> {
  if (headers['content-encoding'] !== 'gzip' || body.length === 0) return new Uint8Array(body);
  try {
    return new Uint8Array(await promisify(gunzip)(body, { maxOutputLength: MAX_BODY_BYTES }));
  } catch (cause) {
    const message = `${describeRequest(request)}: the answer is not valid gzip of at most ${MAX_BODY_BYTES} bytes`;
    throw new RegistryError('unexpected', message, { cause });
  }
}
