import type { IncomingHttpHeaders } from 'node:http';

/** One request, as handlers see it. */
export interface Call {
  readonly method: string;
  /** Path as it was sent, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Repository, its grammar checked; empty where the route has none. */
  readonly name: string;
  /** Tag, digest or upload that the path ends in; unchecked, empty where the route has none. */
  readonly reference: string;
  /** The whole body. Throws `SIZE_INVALID` when it is longer. */
  readBody(maxBytes: number): Promise<Buffer>;
}
