import { messageOf } from '../../base/errors.ts';
import type { HttpResponse } from '../../http/request.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';

/** A span in OTLP/JSON. @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code: number; readonly message?: string };
}

export interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string } | { readonly intValue: string };
}

export interface ExporterParts {
  /** Sends spans as one request. */
  readonly post: (spans: readonly Span[], signal: AbortSignal) => Promise<HttpResponse>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Spans of one request, and spans that wait at most: the defaults of the specification. */
const BATCH = 512;
const MAX_WAITING = 2048;
/** Milliseconds that the end of a run waits for the collector. */
const END_LIMIT = 2000;

/**
 * Sends spans to a collector in the background, one request at a time. The run never waits for it, except for the last
 * spans at its end. Spans that a collector does not take are dropped; the first failure is logged.
 */
export class OtlpExporter {
  readonly #parts: ExporterParts;
  readonly #abort = new AbortController();
  #waiting: Span[] = [];
  #sending: Promise<void> | undefined;
  #lastFailed = false;
  #warned = false;

  constructor(parts: ExporterParts) {
    this.#parts = parts;
  }

  add(span: Span): void {
    if (this.#waiting.length >= MAX_WAITING)
      return this.#warn('the collector is too slow: spans are dropped');
    this.#waiting.push(span);
    if (this.#waiting.length >= BATCH) this.#sending ??= this.#send(BATCH);
  }

  /** Sends the rest, within two seconds, unless the collector has failed last. Never rejects. */
  async close(): Promise<void> {
    const rest = async () => {
      await this.#sending;
      if (!this.#lastFailed) await this.#send(1);
    };
    const late = async () => {
      await this.#parts.clock.sleep(END_LIMIT, this.#abort.signal);
      this.#warn(`no response within ${END_LIMIT / 1000} s`);
    };
    await Promise.race([rest(), late()]).catch(() => {});
    this.#abort.abort();
  }

  /** Sends while at least so many spans wait. Never rejects. */
  async #send(atLeast: number): Promise<void> {
    while (this.#waiting.length >= atLeast && !this.#abort.signal.aborted) {
      const spans = this.#waiting.slice(0, BATCH);
      this.#waiting = this.#waiting.slice(BATCH);
      const failure = await this.#post(spans);
      this.#lastFailed = failure !== undefined;
      if (failure !== undefined) this.#warn(failure);
      if (this.#lastFailed) break;
    }
    this.#sending = undefined;
  }

  /** Resolves to the reason of a failure. */
  async #post(spans: readonly Span[]): Promise<string | undefined> {
    try {
      const { status, body } = await this.#parts.post(spans, this.#abort.signal);
      if (status < 200 || status > 299) return `status ${status}`;
      return rejectionIn(Buffer.from(body).toString());
    } catch (error) {
      return messageOf(error);
    }
  }

  #warn(reason: string): void {
    if (this.#warned || this.#abort.signal.aborted) return;
    this.#warned = true;
    this.#parts.log.write('warning', `traces are not exported completely: ${reason}`);
  }
}

/** The partial success of an answer, if it is one. */
function rejectionIn(body: string): string | undefined {
  const count = /"rejectedSpans"\s*:\s*"?([1-9]\d*)/.exec(body)?.[1];
  return count === undefined ? undefined : `the collector rejected ${count} spans`;
}
