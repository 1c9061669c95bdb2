import type { HttpRequest, HttpResponse } from '../request.ts';
import { classifyHostname } from './address-policy.ts';

/**
 * The likely cause of a 400 that means a wrong protocol or a missing client certificate; undefined for any other 400.
 * Go's and nginx's servers state it in the body, which a response to HEAD lacks.
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
      ? `the request used http; if the host speaks https, ${howToHttps(url)}`
      : undefined;
  }
  if (hasClient) return undefined;
  return isMute || WANTS_CERTIFICATE.test(words)
    ? `if the host requires a client certificate, put client.cert and client.key in certs.d/${url.host}`
    : undefined;
}

const WANTS_HTTPS = /HTTP request (?:was sent )?to (?:an )?HTTPS (?:server|port)/i;
const WANTS_CERTIFICATE = /No required SSL certificate was sent/i;

/** The setting that makes requests to a host use https. */
export function howToHttps({ host, hostname }: URL): string {
  return classifyHostname(hostname) === 'loopback'
    ? `put its authority as ca.crt in certs.d/${host}: a loopback host with that directory is accessed by https`
    : `take ${host} from -plain-http`;
}
