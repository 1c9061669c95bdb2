import { expect, it } from 'vitest';
import { badRequestHint } from '../../../src/http/connect/bad-request-hint.ts';

const GO = 'Client sent an HTTP request to an HTTPS server.\n';
const NGINX = '<center>The plain HTTP request was sent to HTTPS port</center>';
const NO_CERTIFICATE = '<center>No required SSL certificate was sent</center>';
const LOOPBACK =
  'the request used http; if the host speaks https, put its authority as ca.crt in certs.d/localhost:1: ' +
  'a loopback host with that directory is accessed by https';
const PLAIN = 'the request used http; if the host speaks https, take r.io from -plain-http';
const CERTIFICATE =
  'if the host requires a client certificate, put client.cert and client.key in certs.d/r.io';

interface Asked {
  readonly status?: number;
  readonly hasClient?: boolean;
}

it.each<[string, string, Asked, string | undefined]>([
  ['HEAD http://localhost:1/x', '', {}, LOOPBACK],
  ['GET http://localhost:1/x', GO, {}, LOOPBACK],
  ['GET http://r.io/x', NGINX, {}, PLAIN],
  ['HEAD http://r.io/x', '', {}, PLAIN],
  ['GET http://r.io/x', 'no', {}, undefined],
  ['GET http://r.io/x', '', {}, undefined],
  ['HEAD http://r.io/x', '', { status: 404 }, undefined],
  ['HEAD https://r.io/x', '', {}, CERTIFICATE],
  ['GET https://r.io/x', NO_CERTIFICATE, {}, CERTIFICATE],
  ['HEAD https://r.io/x', '', { hasClient: true }, undefined],
  ['GET https://r.io/x', 'no', {}, undefined],
  ['HEAD https://r.io/x', '', { status: 500 }, undefined],
])('%s with the answer %j, %j: %s', (asked, text, { status = 400, hasClient = false }, expected) => {
  const [method, url = ''] = asked.split(' ');
  const request = { method: method === 'HEAD' ? 'HEAD' : 'GET', url: new URL(url) } as const;
  expect(badRequestHint(request, { status, body: Buffer.from(text) }, { hasClient })).toBe(expected);
});
