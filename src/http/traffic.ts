import { watchStream } from '../base/byte-stream.ts';
import { getOrMake } from '../base/maps.ts';
import type { Clock } from '../ports/clock.ts';
import type { HostTraffic, Traffic, TrafficSeries } from '../ports/traffic.ts';
import { watchUpload } from './bodies/watched-upload.ts';
import { type HttpRequest, type HttpResponse, isStreamBody, type Send } from './request.ts';
import { TrafficHistory } from './traffic-history.ts';

/** Counts requests and bytes by host, as totals and over time. */
export class TrafficCounter implements Traffic {
  readonly #hosts = new Map<string, HostCounter>();
  readonly #history: TrafficHistory;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#history = new TrafficHistory(clock);
  }

  hosts(): ReadonlyMap<string, HostTraffic> {
    return new Map(
      Array.from(this.#hosts, ([host, { counts }]) => {
        const overTime = this.#history.of(host);
        return [host, { ...counts, overTime }];
      }),
    );
  }

  countRetry(host: string): void {
    this.#of(host).add('retries', 1);
  }

  nameIdentity(host: string, name: string): void {
    const { counts } = this.#of(host);
    if (!counts.identities.includes(name)) counts.identities = [...counts.identities, name].toSorted();
  }

  /** Wraps a transport so that everything it sends and receives is counted. */
  wrap(inner: Send): Send {
    return async (request) => {
      const counter = this.#of(request.host);
      const upload = isStreamBody(request.body) ? watchUpload(request) : undefined;
      try {
        const response = await inner(countRequest(upload?.request ?? request, counter));
        if (response.status === 429) counter.add('throttled', 1);
        if (response.status >= 500 && upload?.isOpen()) counter.counts.interrupted += 1;
        if (response.body.length > 0) counter.add('bytesIn', response.body.length);
        return response.stream === undefined ? response : countStream(response, { counter, request });
      } catch (error) {
        if (upload?.isCut()) counter.counts.interrupted += 1;
        throw error;
      }
    };
  }

  #of(host: string): HostCounter {
    return getOrMake(this.#hosts, host, () => new HostCounter(host, this.#history));
  }
}

/** The counts of one host. */
class HostCounter {
  readonly counts: { -readonly [key in keyof HostTraffic]: HostTraffic[key] } = {
    requests: 0,
    retries: 0,
    interrupted: 0,
    throttled: 0,
    identities: [],
    bytesIn: 0,
    bytesOut: 0,
  };
  readonly #host: string;
  readonly #history: TrafficHistory;

  constructor(host: string, history: TrafficHistory) {
    this.#host = host;
    this.#history = history;
  }

  add(series: TrafficSeries, count: number): void {
    this.counts[series] += count;
    this.#history.add(this.#host, series, count);
  }
}

/**
 * A stream body may fail to open, and then its request is never sent. So the request counts when its body is opened,
 * and the bytes count as they are sent.
 */
function countRequest(request: HttpRequest, counter: HostCounter): HttpRequest {
  const { body } = request;
  if (!isStreamBody(body)) {
    counter.add('requests', 1);
    if (body !== undefined) counter.add('bytesOut', body.length);
    return request;
  }
  const open = async () => {
    const opened = await body.open();
    counter.add('requests', 1);
    const onPiece = (length: number) => counter.add('bytesOut', length);
    if (!(opened instanceof Uint8Array)) return watchStream(opened, { onPiece });
    onPiece(opened.length);
    return opened;
  };
  return { ...request, body: { ...body, open } };
}

function countStream(
  response: HttpResponse,
  { counter, request }: { readonly counter: HostCounter; readonly request: HttpRequest },
): HttpResponse {
  const { stream } = response;
  if (stream === undefined) return response;
  const watch = {
    onPiece: (length: number) => counter.add('bytesIn', length),
    onFailure: () => {
      if (!request.signal.aborted) counter.counts.interrupted += 1;
    },
  };
  return { ...response, stream: watchStream(stream, watch) };
}
