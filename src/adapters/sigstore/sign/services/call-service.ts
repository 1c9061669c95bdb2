import { failureBefore, messageOf } from '../../../../base/errors.ts';
import { parseJsonObject, textOf } from '../../../../base/json.ts';
import { oneLine } from '../../../../base/text.ts';
import { SigningError } from '../signing-error.ts';

export interface Service {
  /** For messages: `fulcio`. */
  readonly name: string;
  readonly url: string;
  /** Sends the request, retries and `Retry-After` included. */
  readonly fetch: typeof fetch;
  /** Milliseconds for an answer, retries included. */
  readonly limit: number;
}

export interface ServiceCall {
  readonly method: 'GET' | 'POST';
  /** Relative to the URL of the service. */
  readonly path: string;
  /** The content type of the body. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** Statuses beside 2xx that are returned. */
  readonly accept?: readonly number[];
  /** The remedy for a refusal. */
  readonly remedy?: string;
  readonly signal: AbortSignal;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** One request to a service. Throws a `SigningError` unless it succeeds, and the reason of an aborted signal. */
export async function callService(service: Service, call: ServiceCall): Promise<ServiceAnswer> {
  const { method, path, type, body, accept = [], remedy, signal } = call;
  const { name, limit } = service;
  const late = AbortSignal.timeout(limit);
  const headers = { ...call.headers, ...(type !== undefined && { 'content-type': type }) };
  try {
    const response = await service.fetch(urlOf(service, path), {
      method,
      headers,
      ...(body !== undefined && { body }),
      signal: AbortSignal.any([signal, late]),
    });
    const answer = Buffer.from(await response.arrayBuffer());
    const { status } = response;
    if (response.ok || accept.includes(status)) return { status, headers: response.headers, body: answer };
    const isTemporary = status === 429 || status >= 500;
    const advice = isTemporary || remedy === undefined ? '' : `: ${remedy}`;
    throw new SigningError(
      isTemporary ? 'unavailable' : 'refused',
      `${name}: ${method} ${urlOf(service, path)}: ${status} ${explanationIn(answer)}${advice}`,
    );
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SigningError) throw error;
    const failure = failureBefore(error, late);
    const reason = failure === undefined ? `no answer within ${limit} ms` : messageOf(failure);
    throw new SigningError('unavailable', `${name}: ${reason}`, { cause: error });
  }
}

export function malformed({ name }: Service, reason: string, cause?: unknown): SigningError {
  return new SigningError('malformed', `${name}: ${reason}`, { cause });
}

function urlOf({ url }: Service, path: string): string {
  return url.replace(/\/$/, '') + path;
}

/** The message in an answer: Fulcio and Rekor give JSON with a `message`. */
function explanationIn(body: Buffer): string {
  const json = parseJsonObject(body);
  return oneLine((json && textOf(json, 'message')) ?? body.toString());
}
