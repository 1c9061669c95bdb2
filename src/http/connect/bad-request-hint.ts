import type { HttpRequest, HttpResponse } from '../request.ts';
import { classifyHostname } from './address-policy.ts';

/**
 * What a 400 may mean that a server gives to whoever speaks to it in the wrong way: Go's and nginx's servers say it in
 * the body, which an answer to HEAD does not have. Undefined where it means something else.
 */
export function badRequestHint(
  { method, url }: Pick<HttpRequest, 'method' | 'url'>,
  { status, body }: Pick<HttpResponse, 'status' | 'body'>,
  { hasClient }: { readonly hasClient: boolean },
): string | undefined {
  if (status !== 400) return undefined;
  const words = Buffer.from(body.subarray(0, 1024)).toString('latin1');
  const isMute = method === 'HEAD' && words === '';
  if (url.protocol === 'http:') {
    return isMute || WANTS_HTTPS.test(words)
      ? `it was asked in http; if it speaks https, ${howToHttps(url)}`
      : undefined;
  }
  if (hasClient) return undefined;
  return isMute || WANTS_CERTIFICATE.test(words)
    ? `if it asks for a client certificate, put client.cert and client.key in certs.d/${url.host}`
    : undefined;
}

const WANTS_HTTPS = /HTTP request (?:was sent )?to (?:an )?HTTPS (?:server|port)/i;
const WANTS_CERTIFICATE = /No required SSL certificate was sent/i;

/** How to make a host be asked in https. */
export function howToHttps({ host, hostname }: URL): string {
  return classifyHostname(hostname) === 'loopback'
    ? `put its authority as ca.crt in certs.d/${host}: a loopback host with such a directory is asked in https`
    : `take ${host} from -plain-http`;
}
