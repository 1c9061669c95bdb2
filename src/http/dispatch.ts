import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { ByteStream } from '../base/byte-stream.ts';
import { TIME_LIMITS } from '../base/limits-and-retries.ts';
import { offAbort, onAbort } from '../base/on-abort.ts';
import { BoundedBody } from './bodies/bounded-body.ts';
import { ResponseStream } from './bodies/response-stream.ts';
import type { Route } from './connect/connection-pools.ts';
import { asInvalidResponse } from './invalid-response.ts';
import { type HttpRequest, type HttpResponse, isStreamBody } from './request.ts';
import {
  limitDownload,
  limitUpload,
  notBegun,
  type StartTimer,
  tooLate,
  totalLimitOf,
} from './time-limits.ts';

export interface DispatchParts {
  readonly route: Route;
  readonly body: ByteStream | Uint8Array | undefined;
  readonly startTimer: StartTimer;
  readonly userAgent: string | undefined;
}

/**
 * Sends one request and reads its response: as a whole, with a bounded body, or as a stream if the request wants one
 * and the status is 2xx. It uses undici's dispatcher directly, because a response that is read as a whole needs no
 * stream, and most requests of a promotion are of that kind. Bodies are never decompressed.
 */
export function dispatch(request: HttpRequest, parts: DispatchParts): Promise<HttpResponse> {
  const { route } = parts;
  return new Promise((resolve, reject) => {
    const receiver = new Receiver(request, { ...parts, resolve, reject });
    route.dispatcher.dispatch(
      {
        origin: route.origin,
        path: route.path,
        method: request.method,
        headers: headersOf(request, parts),
        body: receiver.sent(),
        // undici closes the connection after a HEAD by default, which costs a handshake for every request
        reset: false,
        headersTimeout: isStreamBody(request.body) ? TIME_LIMITS.uploadAnswer : TIME_LIMITS.answer,
      },
      receiver,
    );
  });
}

/** Registries require the length of a body, and a stream does not know its own. Responses are not compressed. */
function headersOf(request: HttpRequest, { route, userAgent }: DispatchParts): Record<string, string> {
  const headers: Record<string, string> = {
    'accept-encoding': 'identity',
    ...request.headers,
    ...route.headers,
  };
  if (userAgent !== undefined) headers['user-agent'] ??= userAgent;
  if (isStreamBody(request.body)) headers['content-length'] = String(request.body.size);
  return headers;
}

interface ReceiverParts extends DispatchParts {
  readonly resolve: (response: HttpResponse) => void;
  readonly reject: (error: unknown) => void;
}

class Receiver implements Dispatcher.DispatchHandler {
  readonly #request: HttpRequest;
  readonly #parts: ReceiverParts;
  readonly #pieces: BoundedBody;
  #stream: ResponseStream | undefined;
  #status = 0;
  #headers: Record<string, string> = {};
  #controller: Dispatcher.DispatchController | undefined;
  /** The reason for which the request was abandoned, once it was. */
  #end: { readonly reason: unknown } | undefined;
  #stopTimer: (() => void) | undefined;
  readonly #stopAnswerTimer: (() => void) | undefined;

  constructor(request: HttpRequest, parts: ReceiverParts) {
    this.#request = request;
    this.#parts = parts;
    this.#pieces = new BoundedBody(request);
    if (parts.body === undefined || parts.body instanceof Uint8Array) this.#startTimer();
    const { firstAnswer } = request;
    if (firstAnswer !== undefined)
      this.#stopAnswerTimer = parts.startTimer(firstAnswer.limit, () => this.#giveUp(notBegun(request)));
    if (request.signal.aborted) this.#abort();
    else onAbort(request.signal, this.#abort);
  }

  /** The body for undici, which takes an iterable as well. */
  sent(): Uint8Array | Readable | null {
    const { body } = this.#parts;
    if (body === undefined || body instanceof Uint8Array) return body ?? null;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its types name streams alone
    return this.#send(body) as unknown as Readable;
  }

  /** A large body takes long to send, so the limit of the answer begins at its end. */
  async *#send(body: ByteStream): AsyncGenerator<Uint8Array> {
    const [request, { startTimer }] = [this.#request, this.#parts];
    yield* limitUpload(body, { request, startTimer, giveUp: (error) => this.#giveUp(error) });
    this.#startTimer();
  }

  readonly #abort = (): void => this.#giveUp(this.#request.signal.reason);

  /** Settles at once: a connection that is still being made has no controller yet. */
  #giveUp(reason: unknown): void {
    this.#end = { reason };
    this.#fail(reason);
    this.#controller?.abort(asError(reason));
  }

  #startTimer(): void {
    this.#stopTimer ??= this.#parts.startTimer(totalLimitOf(this.#request), () =>
      this.#giveUp(tooLate(this.#request)),
    );
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#end !== undefined) controller.abort(asError(this.#end.reason));
  }

  /** Called more than once if informational responses come first: one time limit covers all of them. */
  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    this.#startTimer();
    if (status >= 200) {
      this.#stopAnswerTimer?.();
      this.#request.firstAnswer?.onBegun(status);
    }
    this.#status = status;
    this.#headers = flattenHeaders(headers);
    if (this.#request.answer === 'stream' && status >= 200 && status < 300) this.#startStream(controller);
  }

  #startStream(controller: Dispatcher.DispatchController): void {
    this.#stopTimer?.();
    const stream = new ResponseStream(controller);
    this.#stream = stream;
    stream.on('error', () => {}); // its reader gets it, if there is one
    const limited = limitDownload(stream, { request: this.#request, startTimer: this.#parts.startTimer });
    this.#parts.resolve({ ...this.#response(this.#pieces.join()), stream: limited });
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    if (this.#stream !== undefined) return this.#stream.receive(piece);
    this.#pieces.add(piece);
    const tooLarge = this.#pieces.tooLarge();
    if (tooLarge === undefined) return;
    if (this.#status >= 300) this.onResponseEnd(); // its status counts, and the beginning of its words is enough
    controller.abort(tooLarge);
  }

  onResponseEnd(): void {
    this.#release();
    if (this.#stream !== undefined) return this.#stream.finish();
    this.#parts.resolve(this.#response(this.#pieces.join()));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const isStarted = this.#status >= 200;
    const isWhole = NO_CONTENT.has(this.#status) && this.#stream === undefined && this.#end === undefined;
    if (isWhole)
      this.onResponseEnd(); // whatever length its headers promise
    else this.#fail(asInvalidResponse(this.#request, error, { isStarted }));
  }

  #response(body: Uint8Array): HttpResponse {
    return { status: this.#status, headers: this.#headers, url: this.#request.url, body };
  }

  #fail(reason: unknown): void {
    this.#release();
    this.#stream?.destroy(asError(reason));
    this.#parts.reject(reason);
  }

  #release(): void {
    this.#stopAnswerTimer?.();
    this.#stopTimer?.();
    this.#stopTimer = () => {}; // a body that is still on its way starts none any more
    offAbort(this.#request.signal, this.#abort);
  }
}

/** Statuses of answers that end with their headers. */
const NO_CONTENT = new Set([204, 304]);

/** The reason of a signal may be anything. */
function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason), { cause: reason });
}

/** The first value of a header that came twice, or all values of a list header. Names are in lower case already. */
function flattenHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (Array.isArray(value)) headers[name] = LISTS.has(name) ? value.join(', ') : value[0];
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the values are strings by now
  return headers as Record<string, string>;
}

const LISTS = new Set(['www-authenticate', 'link']);
