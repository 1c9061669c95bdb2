import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Agent, Dispatcher } from 'undici';
import { RegistryError } from '../../ports/registry-error.ts';
import { describeRequest, type HttpRequest, type HttpResponse, isStreamBody } from './http.ts';

/**
 * One request and its whole answer, the body bounded. It speaks to undici's dispatcher directly: an answer that is
 * read whole needs no stream, and most requests of a promotion are such.
 */
export function exchange(
  agent: Agent,
  request: HttpRequest,
  body: Readable | Uint8Array | undefined,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    agent.dispatch(
      {
        origin: request.url.origin,
        path: `${request.url.pathname}${request.url.search}`,
        method: request.method,
        headers: withLength(request),
        body: body ?? null,
        // undici closes the connection after a HEAD unless told not to: a handshake for every question
        reset: false,
      },
      new Receiver(request, { resolve, reject }),
    );
  });
}

/** A stream does not know its length; registries want it. */
function withLength(request: HttpRequest): Record<string, string> {
  if (!isStreamBody(request.body)) return { ...request.headers };
  return { ...request.headers, 'content-length': String(request.body.size) };
}

interface Settle {
  readonly resolve: (response: HttpResponse) => void;
  readonly reject: (error: unknown) => void;
}

class Receiver implements Dispatcher.DispatchHandler {
  readonly #request: HttpRequest;
  readonly #settle: Settle;
  readonly #pieces: BoundedPieces;
  #status = 0;
  #headers: Record<string, string> = {};
  #controller: Dispatcher.DispatchController | undefined;

  constructor(request: HttpRequest, settle: Settle) {
    this.#request = request;
    this.#settle = settle;
    this.#pieces = new BoundedPieces(request);
    if (request.signal.aborted) this.#abort();
    else request.signal.addEventListener('abort', this.#abort);
  }

  /** Settles at once: a connection that is still being made has no controller yet. */
  readonly #abort = (): void => {
    const { reason } = this.#request.signal;
    this.#release();
    this.#settle.reject(reason);
    this.#controller?.abort(reason);
  };

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#request.signal.aborted) controller.abort(this.#request.signal.reason);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    this.#status = status;
    this.#headers = flattenHeaders(headers);
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    this.#pieces.add(piece);
    const tooLarge = this.#pieces.tooLarge();
    if (tooLarge === undefined) return;
    if (this.#status >= 300) this.onResponseEnd(); // its status counts, and the beginning of its words is enough
    controller.abort(tooLarge);
  }

  onResponseEnd(): void {
    this.#release();
    const body = this.#pieces.join();
    this.#settle.resolve({ status: this.#status, headers: this.#headers, url: this.#request.url, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#release();
    this.#settle.reject(error);
  }

  #release(): void {
    this.#request.signal.removeEventListener('abort', this.#abort);
  }
}

const DEFAULT_MAX_BODY_BYTES = 64 * 1024;

/** A body as it arrives, bounded by what its request allows. */
export class BoundedPieces {
  readonly #request: HttpRequest;
  readonly #pieces: Buffer[] = [];
  #size = 0;

  constructor(request: HttpRequest) {
    this.#request = request;
  }

  add(piece: Buffer): void {
    this.#size += piece.length;
    this.#pieces.push(piece);
  }

  /** The error to end the answer with, once it is larger than its request allows. */
  tooLarge(): RegistryError | undefined {
    const limit = this.#request.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
    if (this.#size <= limit) return undefined;
    return new RegistryError(
      'unexpected',
      `${describeRequest(this.#request)}: the answer is larger than ${limit} bytes`,
    );
  }

  join(): Uint8Array {
    const [first] = this.#pieces;
    return this.#pieces.length === 1 && first !== undefined ? first : Buffer.concat(this.#pieces);
  }
}

/** Of a header that came twice, the first; of one whose value is a list, all. */
export function flattenHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [key, value] of Object.entries(headers)) {
    const name = key.toLowerCase();
    const text = Array.isArray(value) ? (LISTS.has(name) ? value.join(', ') : value[0]) : value;
    if (text !== undefined) flat[name] = text;
  }
  return flat;
}

const LISTS = new Set(['www-authenticate', 'link']);
