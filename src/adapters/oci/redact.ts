import type { HttpRequest, HttpResponse } from './http.ts';

/**
 * A refusal without the secrets that its request had: a server may repeat what it was told, and its words end up in
 * messages. Other answers are handed on as they are.
 */
export function redactRefusal(request: HttpRequest, response: HttpResponse): HttpResponse {
  if (response.status < 400 || response.body.length === 0) return response;
  const secrets = secretsOf(request);
  if (secrets.length === 0) return response;
  let text = Buffer.from(response.body).toString('utf8');
  for (const secret of secrets) text = text.replaceAll(secret, 'REDACTED');
  return { ...response, body: Buffer.from(text) };
}

/** Shorter than this nothing can be told from ordinary words. */
const MIN_SECRET = 4;

function secretsOf({ headers, body }: HttpRequest): string[] {
  const [scheme = '', sent = ''] = (headers['authorization'] ?? '').split(' ');
  const decoded = scheme === 'Basic' ? Buffer.from(sent, 'base64').toString('utf8') : '';
  const password = decoded.slice(decoded.indexOf(':') + 1);
  const form =
    body instanceof Uint8Array && isForm(headers)
      ? new URLSearchParams(Buffer.from(body).toString())
      : undefined;
  const refresh = form?.get('refresh_token') ?? '';
  const plain = [sent, decoded, password, refresh].filter((secret) => secret.length >= MIN_SECRET);
  const spelled = plain.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
  ]);
  const inForm = new URLSearchParams({ s: refresh }).toString().slice(2);
  return Array.from(new Set([...spelled, inForm])).filter((secret) => secret.length >= MIN_SECRET);
}

/** True for a body of form fields: a token service is sent credentials so. */
export function isForm(headers: HttpRequest['headers']): boolean {
  return headers['content-type'] === 'application/x-www-form-urlencoded';
}
