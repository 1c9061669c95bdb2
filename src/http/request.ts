import type { Readable } from 'node:stream';
import type { Repository } from '../image/repository.ts';
import type { RegistryError } from '../ports/registry-error.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

/** One request to a registry, as the client means it: wrappers add what the wire needs. */
export interface HttpRequest {
  readonly method: Method;
  readonly url: URL;
  /** The host as manifests name it: the key of limits and counts. */
  readonly host: string;
  /** On whose behalf: the key of identities. */
  readonly repository: Repository;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | StreamBody;
  /** What the request needs to be allowed to do, e.g. `repository:app:pull`. */
  readonly scopes: readonly string[];
  /** What a read may ask for where that is refused, because the run will write there. Unset: nothing more. */
  readonly widerScopes?: readonly string[];
  /** Bytes after which an answer is refused. Unset: 64 KiB, enough for an error. */
  readonly maxBodyBytes?: number;
  /** `stream` hands a 2xx body out as it arrives. Unset: `buffer`. */
  readonly answer?: 'buffer' | 'stream';
  /** Milliseconds for the whole of the answer. Unset: five minutes. */
  readonly totalLimit?: number;
  /** Milliseconds for a connection and the beginning of the answer, whose status is told. Unset: the limits of the wire. */
  readonly firstAnswer?: { readonly limit: number; readonly onBegun: (status: number) => void };
  /** `none` for what another request waits for while it has a slot: it would otherwise wait for ever. Unset: `own`. */
  readonly slot?: 'own' | 'none';
  /**
   * `ping` asks only whether the host may hide content from who asks: answered by 200, with a hint if so. `api` is no
   * request of the distribution specification: no rule about its answers holds.
   */
  readonly purpose?: 'ping' | 'api';
  /** Of a write that must replace nothing: asked right before the write, each time that it is sent. */
  readonly precondition?: Precondition;
  /** Of a read: the error that a 200 with a damaged body means, undefined for a sound one. It is read again. */
  readonly damageOf?: (response: HttpResponse) => RegistryError | undefined;
  readonly signal: AbortSignal;
}

/** Thrown in place of a response whose body is damaged. `withRetry` throws `damage` itself after the last read. */
export class DamagedResponse extends Error {
  readonly damage: RegistryError;

  constructor(damage: RegistryError) {
    super(damage.message, { cause: damage });
    this.damage = damage;
  }
}

/**
 * Reads what a write would replace: `free` where there is nothing, `done` where it is what would be written, else the
 * answer by which to authenticate, slow down or try again. Throws `RegistryError`: `moved` where it is something else.
 */
export type Precondition = (send: Send) => Promise<'free' | 'done' | HttpResponse>;

/** A body that is opened when its request is about to be sent, anew for each hop of a redirect; it is not sent again else. */
export interface StreamBody {
  readonly size: number;
  readonly open: () => Promise<Readable | Uint8Array>;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; of a header that came twice, the first, or all where its value is a list. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  readonly body: Uint8Array;
  /** Set where another host has answered, such as storage, that the registry has led to. */
  readonly isForeign?: boolean;
  /** Of a 401 or 403: whom the registry has refused; of a 400: what it may mean. */
  readonly hint?: string;
  /** Set for `answer: 'stream'` and a 2xx status; whoever gets it reads it to the end or destroys it. */
  readonly stream?: Readable;
  /** Of a write that was not sent: the read of its precondition that was answered so. */
  readonly precondition?: HttpRequest;
}

/** A transport: the wire itself, or a wrapper around another one. */
export type Send = (request: HttpRequest) => Promise<HttpResponse>;

/** The registry's answer to a write that is done already. */
export function writtenAt(url: URL): HttpResponse {
  return { status: 201, headers: {}, url, body: new Uint8Array() };
}

export function isRead({ method }: Pick<HttpRequest, 'method'>): boolean {
  return method === 'GET' || method === 'HEAD';
}

export function isStreamBody(body: HttpRequest['body']): body is StreamBody {
  return body !== undefined && !(body instanceof Uint8Array);
}

/** `METHOD url` for messages; of the query only what cannot be a secret. */
export function describeRequest(request: Pick<HttpRequest, 'method' | 'url'>): string {
  const url = new URL(request.url);
  for (const name of Array.from(url.searchParams.keys())) {
    if (!PUBLIC_QUERY.has(name)) url.searchParams.set(name, 'REDACTED');
  }
  url.username = '';
  url.password = '';
  return `${request.method} ${url.href}`;
}

const PUBLIC_QUERY = new Set(['digest', 'mount', 'from', 'n', 'last', 'scope', 'service']);
