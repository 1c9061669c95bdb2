import { type Readable, Transform } from 'node:stream';
import { getOrMake } from '../base/maps.ts';
import type { HostTraffic, Traffic } from '../ports/traffic.ts';
import { watchUpload } from './bodies/watched-upload.ts';
import { type HttpRequest, type HttpResponse, isStreamBody, type Send } from './request.ts';

type Counts = { -readonly [key in keyof HostTraffic]: HostTraffic[key] };

/** Counts requests and bytes by host. */
export class TrafficCounter implements Traffic {
  readonly #hosts = new Map<string, Counts>();

  hosts(): ReadonlyMap<string, HostTraffic> {
    return this.#hosts;
  }

  countRetry(host: string): void {
    this.#of(host).retries += 1;
  }

  nameIdentity(host: string, name: string): void {
    const counts = this.#of(host);
    if (!counts.identities.includes(name)) counts.identities = [...counts.identities, name].toSorted();
  }

  /** Wraps a transport so that everything it sends and receives is counted. */
  wrap(inner: Send): Send {
    return async (request) => {
      const counts = this.#of(request.host);
      const upload = isStreamBody(request.body) ? watchUpload(request) : undefined;
      const response = await inner(countRequest(upload?.request ?? request, counts)).catch(
        (error: unknown) => {
          if (upload?.isCut()) counts.interrupted += 1;
          throw error;
        },
      );
      if (response.status === 429) counts.throttled += 1;
      if (response.status >= 500 && upload?.isOpen()) counts.interrupted += 1;
      counts.bytesIn += response.body.length;
      return countStream(response, { counts, request });
    };
  }

  #of(host: string): Counts {
    return getOrMake(this.#hosts, host, () => ({
      requests: 0,
      retries: 0,
      interrupted: 0,
      throttled: 0,
      identities: [],
      bytesIn: 0,
      bytesOut: 0,
    }));
  }
}

/**
 * A stream body may fail to open, and then its request is never sent. So the request counts when its body is opened,
 * and the bytes count as they are sent.
 */
function countRequest(request: HttpRequest, counts: Counts): HttpRequest {
  const { body } = request;
  const count = () => {
    counts.requests += 1;
  };
  if (!isStreamBody(body)) {
    count();
    counts.bytesOut += body?.length ?? 0;
    return request;
  }
  const open = async () => {
    const opened = await body.open();
    count();
    if (opened instanceof Uint8Array) counts.bytesOut += opened.length;
    return opened instanceof Uint8Array ? opened : countPieces(opened, counts, 'bytesOut');
  };
  return { ...request, body: { ...body, open } };
}

function countStream(
  response: HttpResponse,
  { counts, request }: { readonly counts: Counts; readonly request: HttpRequest },
): HttpResponse {
  const { stream } = response;
  if (stream === undefined) return response;
  stream.once('error', () => {
    if (!request.signal.aborted) counts.interrupted += 1;
  });
  return { ...response, stream: countPieces(stream, counts, 'bytesIn') };
}

function countPieces(stream: Readable, counts: Counts, direction: 'bytesIn' | 'bytesOut'): Readable {
  const counter = new Transform({
    transform(piece: Buffer, _encoding, done) {
      counts[direction] += piece.length;
      done(null, piece);
    },
  });
  stream.on('error', (error) => counter.destroy(error));
  counter.on('close', () => stream.destroy());
  return stream.pipe(counter);
}
