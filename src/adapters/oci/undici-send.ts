import type { Readable } from 'node:stream';
import { Agent, request as undiciRequest } from 'undici';
import { messageOf } from '../../base/errors.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { BoundedPieces, exchange, flattenHeaders } from './exchange.ts';
import { describeRequest, type HttpRequest, type HttpResponse, isStreamBody, type Send } from './http.ts';

/** Milliseconds. A connection that is not made in this time will not be made. */
const CONNECT_TIMEOUT = 15_000;
/** Milliseconds without a first byte of an answer; a registry hashes a large upload before it answers. */
const HEADERS_TIMEOUT = 180_000;
/** Milliseconds between two pieces of a body. */
const IDLE_TIMEOUT = 60_000;
const KEEP_ALIVE = 30_000;

/** The wire: one pool of connections for each origin, bodies bounded, every wait limited. */
export function createWire(): { send: Send; close: () => Promise<void> } {
  const agent = new Agent({
    connect: { timeout: CONNECT_TIMEOUT },
    headersTimeout: HEADERS_TIMEOUT,
    bodyTimeout: IDLE_TIMEOUT,
    keepAliveTimeout: KEEP_ALIVE,
    pipelining: 1,
  });
  return { send: (request) => sendOnWire(agent, request), close: () => agent.destroy() };
}

async function sendOnWire(agent: Agent, request: HttpRequest): Promise<HttpResponse> {
  request.signal.throwIfAborted();
  const body = isStreamBody(request.body) ? await request.body.open() : request.body;
  const bodyError = body === undefined || body instanceof Uint8Array ? undefined : rememberError(body);
  try {
    if (request.answer === 'stream') return await orAborted(receiveStream(agent, request), request.signal);
    return await exchange(agent, request, body);
  } catch (error) {
    if (body !== undefined && !(body instanceof Uint8Array)) body.destroy();
    if (request.signal.aborted) throw request.signal.reason;
    throw bodyError?.() ?? asRegistryError(request, error);
  }
}

/** What broke the body is the reason of the failure, not the connection that broke with it. */
function rememberError(stream: Readable): () => Error | undefined {
  let seen: Error | undefined;
  stream.once('error', (error) => {
    seen = error;
  });
  return () => seen;
}

/** Rejects at once when the signal is aborted: undici waits for the connection first. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

async function receiveStream(agent: Agent, request: HttpRequest): Promise<HttpResponse> {
  const { url, method, headers, signal } = request;
  const answer = await undiciRequest(url, { dispatcher: agent, method, headers: { ...headers }, signal });
  const response = { status: answer.statusCode, headers: flattenHeaders(answer.headers), url };
  const ok = answer.statusCode >= 200 && answer.statusCode < 300;
  if (ok) return { ...response, body: new Uint8Array(), stream: answer.body };
  const pieces = new BoundedPieces(request);
  for await (const piece of answer.body as AsyncIterable<Buffer>) {
    pieces.add(piece);
    if (pieces.tooLarge() !== undefined) break; // its status counts, and the beginning of its words is enough
  }
  return { ...response, body: pieces.join() };
}

function asRegistryError(request: HttpRequest, error: unknown): Error {
  if (error instanceof RegistryError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  const why = code === undefined ? messageOf(error) : `${code}: ${messageOf(error)}`;
  const temporary = code !== undefined && !LASTING.has(code) && !/^ERR_(?:TLS|SSL)/.test(code);
  return new RegistryError('unreachable', `${describeRequest(request)}: ${why}`, { temporary, cause: error });
}

/** Failures that the same request would meet again. */
const LASTING = new Set([
  'ENOTFOUND',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'EPROTO',
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
]);
