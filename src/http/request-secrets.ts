import type { HttpRequest } from './request.ts';

/** The secrets in a request: the server may repeat them in its response. */
export function secretsOf({ headers, body }: Pick<HttpRequest, 'headers' | 'body'>): readonly string[] {
  const { authorization } = headers;
  const sent = authorization === undefined ? [] : secretsIn(authorization);
  if (!isForm(headers) || !(body instanceof Uint8Array)) return sent;
  const form = new URLSearchParams(Buffer.from(body).toString());
  return [...sent, form.get('refresh_token') ?? ''];
}

/** The secrets in an `Authorization` header: its credentials, and the password in them. */
export function secretsIn(authorization: string): readonly string[] {
  const [scheme, sent = ''] = authorization.split(' ');
  if (scheme !== 'Basic') return [sent];
  const pair = Buffer.from(sent, 'base64').toString('utf8');
  return [sent, pair, pair.slice(pair.indexOf(':') + 1)];
}

/** True for a body of form fields, in which a token service receives credentials. */
export function isForm(headers: HttpRequest['headers']): boolean {
  return headers['content-type'] === 'application/x-www-form-urlencoded';
}
