import type { HttpRequest, HttpResponse, Send } from '../../src/http/request.ts';
import { digestOf } from '../../src/image/digest.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { image } from '../builders/images.ts';

/** Requests in each minute. */
export interface Quotas {
  /** Of each host. */
  readonly requests: number;
  readonly writes: number;
  /** Of all hosts together: there is one user. */
  readonly user: number;
}

/**
 * Artifact Registry at the level of requests, in virtual time: every source repository has the image of its name, every
 * destination has nothing, and minutes that are used up are refused to their end in Google's words.
 *
 * @see https://cloud.google.com/artifact-registry/quotas
 */
export class QuotaRegistry {
  readonly #clock: Clock;
  readonly #quotas: Quotas;
  readonly #minutes = new Map<string, { minute: number; used: number }>();
  /** Milliseconds that an answer takes. */
  readonly #latency: number;
  accepted = 0;
  refused = 0;
  /** Of what was accepted, in total, by host. */
  readonly hosts = new Map<string, { requests: number; writes: number }>();

  constructor(clock: Clock, { quotas, latency = 20 }: { quotas: Quotas; latency?: number }) {
    this.#clock = clock;
    this.#quotas = quotas;
    this.#latency = latency;
  }

  readonly send: Send = async (request) => {
    await this.#clock.sleep(this.#latency, request.signal);
    const why = this.#charge(request);
    if (why === undefined) return this.#answer(request);
    this.refused += 1;
    const message = `Quota exceeded for quota metric '${why}' and limit '${why} per minute' of service`;
    return answer(request, 429, { errors: [{ code: 'TOOMANYREQUESTS', message }] });
  };

  /** The metric that is used up; undefined where there is room, which is then used. */
  #charge({ host, method }: HttpRequest): string | undefined {
    const isWrite = method !== 'GET' && method !== 'HEAD';
    const { requests, writes, user } = this.#quotas;
    const metrics = [
      ['Requests per project per region', host, requests],
      ...(isWrite ? ([['Writes per project per region', `${host} writes`, writes]] as const) : []),
      ['Requests per project per user per minute per user', 'user', user],
    ] as const;
    const full = metrics.find(([, key, limit]) => this.#windowOf(key).used >= limit);
    if (full !== undefined) return full[0];
    for (const [, key] of metrics) this.#windowOf(key).used += 1;
    const total = this.hosts.get(host) ?? { requests: 0, writes: 0 };
    this.hosts.set(host, { requests: total.requests + 1, writes: total.writes + Number(isWrite) });
    this.accepted += 1;
    return undefined;
  }

  #windowOf(key: string): { minute: number; used: number } {
    const minute = Math.floor((this.#clock.monotonic() + 17_000) / 60_000); // its minutes are not ours
    const window = this.#minutes.get(key);
    if (window?.minute === minute) return window;
    const fresh = { minute, used: 0 };
    this.#minutes.set(key, fresh);
    return fresh;
  }

  #answer(request: HttpRequest): HttpResponse {
    const { pathname, searchParams } = request.url;
    const [, name = '', rest = ''] = /^\/v2\/(.*)\/((?:tags|manifests|blobs)\/.*)$/.exec(pathname) ?? [];
    if (rest === 'tags/list') return answer(request, 200, { name, manifest: {}, tags: [], child: [] });
    if (request.method === 'POST') return answerPost(request, searchParams.has('mount'));
    if (request.method === 'PUT') return answer(request, 201);
    const { manifest, blobs } = imageOf(name);
    const found = [manifest, ...blobs].find(({ digest }) => rest.endsWith(digest));
    if (!name.startsWith('staging/') || found === undefined) return answer(request, 404);
    return answerBytes(request, found.bytes);
  }
}

function answerPost(request: HttpRequest, isMount: boolean): HttpResponse {
  if (isMount) return answer(request, 201);
  const response = answer(request, 202);
  return { ...response, headers: { ...response.headers, location: `${request.url.pathname}1` } };
}

/** What a source repository has. */
export function imageOf(name: string) {
  return image({ seed: name.replace(/^staging\//, ''), layers: 1, layerBytes: 8 });
}

function answer(request: HttpRequest, status: number, body?: object): HttpResponse {
  const bytes = body === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(body));
  return { status, headers: { 'content-type': 'application/json' }, url: request.url, body: bytes };
}

function answerBytes(request: HttpRequest, bytes: Uint8Array): HttpResponse {
  const headers = {
    'content-type': 'application/vnd.oci.image.manifest.v1+json',
    'docker-content-digest': digestOf(bytes),
    'content-length': String(bytes.length),
  };
  return {
    status: 200,
    headers,
    url: request.url,
    body: request.method === 'HEAD' ? new Uint8Array() : bytes,
  };
}
