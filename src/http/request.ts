import type { ByteStream } from '../base/byte-stream.ts';
import type { IdentityFault } from '../base/host-fault.ts';
import type { Repository } from '../image/repository.ts';
import type { RegistryError } from '../ports/registry-error.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

/** One request of the registry client; wrappers add the headers that the wire needs. */
export interface HttpRequest {
  readonly method: Method;
  readonly url: URL;
  /** The host as in the manifests: the key of limits and counts. */
  readonly host: string;
  /** The repository that the request acts for: the key of identities. */
  readonly repository: Repository;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | StreamBody;
  /** The scopes that the request needs, e.g. `repository:app:pull`. */
  readonly scopes: readonly string[];
  /** Scopes for a read that was refused, because the run will write to the repository. Unset: none. */
  readonly widerScopes?: readonly string[];
  /** Limit of the response body in bytes. Unset: 64 KiB, enough for an error. */
  readonly maxBodyBytes?: number;
  /** `stream` returns a 2xx body as a stream. Unset: `buffer`. */
  readonly answer?: 'buffer' | 'stream';
  /** Milliseconds for the complete response. Unset: five minutes. */
  readonly totalLimit?: number;
  /** Milliseconds until the response begins, with connecting; `onBegun` gets its status. Unset: the limits of the wire. */
  readonly firstAnswer?: { readonly limit: number; readonly onBegun: (status: number) => void };
  /** `none` for a request within the slot of another: waiting for a second slot could deadlock. Unset: `own`. */
  readonly slot?: 'own' | 'none';
  /**
   * `ping` finds out whether the host may hide content from an anonymous client: a 200 with a hint if so. `api` is no
   * request of the distribution specification, so no rule about its responses applies.
   */
  readonly purpose?: 'ping' | 'api';
  /** For a write that must not overwrite anything: read right before each attempt of the write. */
  readonly precondition?: Precondition;
  /** For a read: the error for a 200 with a damaged body, which is read again; undefined for an intact one. */
  readonly damageOf?: (response: HttpResponse) => RegistryError | undefined;
  readonly signal: AbortSignal;
}

/** Thrown in place of a response with a damaged body. `withRetry` throws `damage` itself after the last read. */
export class DamagedResponse extends Error {
  readonly damage: RegistryError;

  constructor(damage: RegistryError) {
    super(damage.message, { cause: damage });
    this.damage = damage;
  }
}

/**
 * Reads the content that a write would overwrite: `free` if there is none, `done` if it is the content to write, else
 * the response by which to authenticate, slow down or retry. Throws `RegistryError`: `moved` for other content.
 */
export type Precondition = (send: Send) => Promise<'free' | 'done' | HttpResponse>;

/** A body that is opened when its request is sent, and again for each hop of a redirect. It is not retried. */
export interface StreamBody {
  readonly size: number;
  readonly open: () => Promise<ByteStream | Uint8Array>;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. The first value of a header that came twice, or all values of a list header. */
  readonly headers: Readonly<Record<string, string>>;
  /** The URL of the response, after redirects. */
  readonly url: URL;
  readonly body: Uint8Array;
  /** Set if another host, such as storage, has sent the response. */
  readonly isForeign?: boolean;
  /** For a 401 or 403: the refused identity; for a 400: its likely cause. */
  readonly hint?: string;
  /** For a refusal of an identity: the part of its fault that does not depend on the request. */
  readonly identityFault?: IdentityFault | undefined;
  /** Set for `answer: 'stream'` and a 2xx status. The receiver must read it to the end or destroy it. */
  readonly stream?: ByteStream;
  /** Set for a write that was not sent: the read of its precondition that got this response. */
  readonly precondition?: HttpRequest;
}

/** A transport: the wire, or a wrapper around another transport. */
export type Send = (request: HttpRequest) => Promise<HttpResponse>;

/** The response to a write whose content is already there. */
export function writtenAt(url: URL): HttpResponse {
  return { status: 201, headers: {}, url, body: new Uint8Array() };
}

export function isRead({ method }: Pick<HttpRequest, 'method'>): boolean {
  return method === 'GET' || method === 'HEAD';
}

export function isStreamBody(body: HttpRequest['body']): body is StreamBody {
  return body !== undefined && !(body instanceof Uint8Array);
}

/** `METHOD url` for messages. Of the query, only the parts that cannot be secret. */
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
