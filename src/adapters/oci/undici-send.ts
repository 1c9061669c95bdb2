import type { Readable } from 'node:stream';
import { Agent, type Dispatcher, request as undiciRequest } from 'undici';
import { messageOf } from '../../base/errors.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import { describeRequest, type HttpRequest, type HttpResponse, isStreamBody, type Send } from './http.ts';

/** Milliseconds. A connection that is not made in this time will not be made. */
const CONNECT_TIMEOUT = 15_000;
/** Milliseconds without a first byte of an answer; a registry hashes a large upload before it answers. */
const HEADERS_TIMEOUT = 180_000;
/** Milliseconds between two pieces of a body. */
const IDLE_TIMEOUT = 60_000;
const KEEP_ALIVE = 30_000;
const DEFAULT_MAX_BODY_BYTES = 64 * 1024;

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
  const bodyError = isStreamBody(request.body) ? rememberError(body as Readable) : undefined;
  try {
    const answer = await undiciRequest(request.url, {
      dispatcher: agent,
      method: request.method,
      headers: withLength(request),
      body: body ?? null,
      signal: request.signal,
      // undici closes the connection after a HEAD unless told not to: a handshake for every question
      reset: false,
    });
    return await receive(request, answer);
  } catch (error) {
    if (isStreamBody(request.body)) (body as Readable).destroy();
    if (request.signal.aborted) throw request.signal.reason;
    throw bodyError?.() ?? asRegistryError(request, error);
  }
}

function rememberError(stream: Readable): () => Error | undefined {
  let seen: Error | undefined;
  stream.once('error', (error) => {
    seen = error;
  });
  return () => seen;
}

function withLength(request: HttpRequest): Record<string, string> {
  if (!isStreamBody(request.body)) return { ...request.headers };
  return { ...request.headers, 'content-length': String(request.body.size) };
}

async function receive(request: HttpRequest, answer: Dispatcher.ResponseData): Promise<HttpResponse> {
  const response = { status: answer.statusCode, headers: flatten(answer.headers), url: request.url };
  const ok = answer.statusCode >= 200 && answer.statusCode < 300;
  if (request.answer === 'stream' && ok) return { ...response, body: new Uint8Array(), stream: answer.body };
  return { ...response, body: await readBounded(request, answer) };
}

async function readBounded(request: HttpRequest, answer: Dispatcher.ResponseData): Promise<Uint8Array> {
  const limit = request.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of answer.body as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > limit) throw tooLarge(request, limit);
    pieces.push(piece);
  }
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
}

function tooLarge(request: HttpRequest, limit: number): RegistryError {
  return new RegistryError('unexpected', `${describeRequest(request)}: the answer is larger than ${limit} bytes`);
}

function flatten(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) flat[name.toLowerCase()] = first;
  }
  return flat;
}

function asRegistryError(request: HttpRequest, error: unknown): Error {
  if (error instanceof RegistryError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  const why = code === undefined ? messageOf(error) : `${code}: ${messageOf(error)}`;
  const temporary = code !== undefined && !LASTING.has(code) && !code.startsWith('ERR_TLS');
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
