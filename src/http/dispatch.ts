import type { ByteStream } from '../base/byte-stream.ts';
import { TIME_LIMITS } from '../base/limits-and-retries.ts';
import { offAbort, onAbort } from '../base/on-abort.ts';
import { BoundedBody } from './bodies/bounded-body.ts';
import { ResponseStream } from './bodies/response-stream.ts';
import type { Route } from './connect/connection-pools.ts';
import type { Exchange, ExchangeConnection } from './http1/exchange.ts';
import type { ResponseHead } from './http1/response-head.ts';
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
 * and the status is 2xx. Bodies are never decompressed.
 */
export function dispatch(request: HttpRequest, parts: DispatchParts): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const exchange = new RequestExchange(request, { ...parts, resolve, reject });
    if (!exchange.isEnded) parts.route.pool.run(exchange);
  });
}

/** Responses are not compressed. */
function headersOf(request: HttpRequest, { route, userAgent }: DispatchParts): Record<string, string> {
  const headers: Record<string, string> = {
    ...route.headers,
    'accept-encoding': 'identity',
    ...request.headers,
  };
  if (userAgent !== undefined) headers['user-agent'] ??= userAgent;
  return headers;
}

/** Registries require the length of a body, and a stream does not know its own. */
function lengthOf({ method, body }: HttpRequest): number | undefined {
  if (isStreamBody(body)) return body.size;
  if (body !== undefined) return body.length;
  return method === 'GET' || method === 'HEAD' || method === 'DELETE' ? undefined : 0;
}

interface ExchangeParts extends DispatchParts {
  readonly resolve: (response: HttpResponse) => void;
  readonly reject: (error: unknown) => void;
}

class RequestExchange implements Exchange {
  readonly method;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly length: number | undefined;
  readonly body;
  readonly answerLimit: number;
  readonly #request: HttpRequest;
  readonly #parts: ExchangeParts;
  readonly #pieces: BoundedBody;
  #stream: ResponseStream | undefined;
  #head: Pick<ResponseHead, 'status' | 'headers'> = { status: 0, headers: {} };
  #connection: ExchangeConnection | undefined;
  #isEnded = false;
  #stopTimer: (() => void) | undefined;
  readonly #stopAnswerTimer: (() => void) | undefined;

  constructor(request: HttpRequest, parts: ExchangeParts) {
    this.#request = request;
    this.#parts = parts;
    this.#pieces = new BoundedBody(request);
    this.method = request.method;
    this.target = parts.route.target;
    this.headers = headersOf(request, parts);
    this.length = lengthOf(request);
    this.body = this.#limited(parts.body);
    const isStream = isStreamBody(request.body);
    this.answerLimit = isStream ? TIME_LIMITS.uploadAnswer : TIME_LIMITS.answer;
    // a large body takes long to send, so the limit begins at its end
    if (!isStream) this.#startTimer();
    const { firstAnswer } = request;
    if (firstAnswer !== undefined)
      this.#stopAnswerTimer = parts.startTimer(firstAnswer.limit, () => this.#giveUp(notBegun(request)));
    if (request.signal.aborted) this.#abort();
    else onAbort(request.signal, this.#abort);
  }

  #limited(body: DispatchParts['body']): DispatchParts['body'] {
    if (body === undefined || body instanceof Uint8Array) return body;
    const { startTimer } = this.#parts;
    return limitUpload(body, { request: this.#request, startTimer, giveUp: (error) => this.#giveUp(error) });
  }

  /** True once its promise is settled. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  readonly #abort = (): void => this.#giveUp(this.#request.signal.reason);

  #giveUp(reason: unknown): void {
    this.#fail(reason);
    this.#parts.route.pool.cancel(this);
    this.#connection?.abandon(this, reason);
  }

  #startTimer(): void {
    this.#stopTimer ??= this.#parts.startTimer(totalLimitOf(this.#request), () =>
      this.#giveUp(tooLate(this.#request)),
    );
  }

  onStart(connection: ExchangeConnection): void {
    this.#connection = connection;
  }

  onSent(): void {
    this.#startTimer();
  }

  onHead(head: ResponseHead): boolean {
    this.#startTimer(); // also for interim responses: one time limit covers all of them
    const { status } = head;
    if (status < 200) return false;
    this.#stopAnswerTimer?.();
    this.#request.firstAnswer?.onBegun(status);
    this.#head = head;
    if (this.#request.answer !== 'stream' || status >= 300) return false;
    this.#startStream();
    return true;
  }

  #startStream(): void {
    this.#stopTimer?.();
    const stream = new ResponseStream({
      read: () => this.#connection?.read(this),
      abandon: (error) => this.#giveUp(error),
    });
    this.#stream = stream;
    const limits = { request: this.#request, startTimer: this.#parts.startTimer };
    this.#parts.resolve({ ...this.#response(), stream: limitDownload(stream, limits) });
  }

  onPiece(piece: Uint8Array): void {
    if (this.#stream !== undefined) return this.#stream.receive(piece);
    this.#pieces.add(piece);
    const tooLarge = this.#pieces.tooLarge();
    if (tooLarge === undefined) return;
    // the status of a refusal counts, and the beginning of its words is enough
    if (this.#head.status >= 300) this.onEnd();
    this.#giveUp(tooLarge);
  }

  onEnd(): void {
    this.#release();
    if (this.#stream !== undefined) return this.#stream.finish();
    this.#parts.resolve(this.#response());
  }

  onError(error: unknown): void {
    this.#fail(asInvalidResponse(this.#request, error));
  }

  #response(): HttpResponse {
    const { status, headers } = this.#head;
    return { status, headers, url: this.#request.url, body: this.#pieces.join() };
  }

  #fail(reason: unknown): void {
    if (this.#isEnded) return;
    this.#release();
    this.#stream?.fail(asError(reason));
    this.#parts.reject(reason);
  }

  #release(): void {
    this.#isEnded = true;
    this.#stopAnswerTimer?.();
    this.#stopTimer?.();
    this.#stopTimer = () => {}; // a body that is still on its way starts none any more
    offAbort(this.#request.signal, this.#abort);
  }
}

/** The reason of a signal may be anything. */
function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason), { cause: reason });
}
