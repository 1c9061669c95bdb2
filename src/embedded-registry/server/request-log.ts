/** The kind of a request, for counting. */
export type RequestKind =
  | 'ping'
  | 'token'
  | 'tags'
  | 'manifest-head'
  | 'manifest-get'
  | 'manifest-put'
  | 'blob-head'
  | 'blob-get'
  | 'mount'
  | 'upload-start'
  | 'upload-patch'
  | 'upload-put'
  | 'upload-cancel'
  | 'upload-status'
  | 'referrers'
  | 'catalog'
  | 'delete'
  | 'other';

export interface LoggedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly kind: RequestKind;
  /** The scheme of the request's credentials, in lower case; never the credentials. */
  readonly authorization: string | undefined;
  /** 0 until the response; stays 0 if a fault prevents it. */
  readonly status: number;
  /** Bytes of the request's body that arrived. */
  readonly bytesIn: number;
  /** Bytes of the answer's body. */
  readonly bytesOut: number;
}

/** A log entry while its request is in progress. */
export type LogEntry = { -readonly [Field in keyof LoggedRequest]: LoggedRequest[Field] };

export function openEntry(
  request: Pick<LoggedRequest, 'method' | 'path' | 'kind'>,
  more: EntrySource,
): LogEntry {
  return {
    ...request,
    query: more.query.size === 0 ? NO_QUERY : Object.fromEntries(more.query),
    authorization: more.authorization?.split(' ', 1)[0]?.toLowerCase(),
    status: 0,
    bytesIn: 0,
    bytesOut: 0,
  };
}

const NO_QUERY = Object.freeze({});

interface EntrySource {
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
}
