import { describe, expect, it } from 'vitest';
import { DamagedResponse, type HttpRequest, type HttpResponse } from '../../src/http/request.ts';
import { classifyAttempt, isConnectionRefused, Thrown } from '../../src/http/retry-classifier.ts';
import { RegistryError } from '../../src/ports/registry-error.ts';
import { quiet, repositoryAt } from '../adapters/oci/client.ts';

const HOST = 'registry.test';

function requestOf(more: Partial<HttpRequest> = {}): HttpRequest {
  const url = new URL(`https://${HOST}/v2/app/manifests/v1`);
  const repository = repositoryAt({ host: HOST }, 'app');
  return { method: 'GET', url, host: HOST, repository, headers: {}, scopes: [], signal: quiet(), ...more };
}

function responseOf(status: number, more: Partial<HttpResponse> = {}): HttpResponse {
  return { status, headers: {}, url: requestOf().url, body: new Uint8Array(), ...more };
}

/** An error of a request that got no answer, with the code of the connection that failed. */
function lost(code: string): RegistryError {
  const cause = Object.assign(new Error('lost'), { code });
  return new RegistryError('unreachable', 'GET https://registry.test: lost', { temporary: true, cause });
}

const UPLOAD = { size: 1, open: () => Promise.resolve(Buffer.of(1)) };
const INVALID = Buffer.from('{"errors":[{"code":"MANIFEST_INVALID"}]}');
const CHALLENGE = { 'www-authenticate': 'Bearer realm="https://auth.test"' };

describe('a response', () => {
  it.each<[string, Partial<HttpRequest>, HttpResponse, string]>([
    ['200', {}, responseOf(200), 'final'],
    ['404', {}, responseOf(404), 'final'],
    ['401 with a challenge', {}, responseOf(401, { headers: CHALLENGE }), 'final'],
    ['401 without one', {}, responseOf(401), 'retry-later'],
    ['401 without one, of storage', {}, responseOf(401, { isForeign: true }), 'final'],
    ['401 without one, of an API', { purpose: 'api' }, responseOf(401), 'final'],
    ['408', {}, responseOf(408), 'retry-later'],
    ['429', {}, responseOf(429), 'retry-later'],
    ['502', {}, responseOf(502), 'retry-later'],
    ['501', {}, responseOf(501), 'final'],
    ['503 of an API', { purpose: 'api' }, responseOf(503), 'retry-later'],
    ['503 to a stream', { method: 'PUT', body: UPLOAD }, responseOf(503), 'final'],
    ['416 without a range', {}, responseOf(416), 'retry-later'],
    ['416 to a range', { headers: { range: 'bytes=0-0' } }, responseOf(416), 'final'],
    ['200 to the opening of an upload', { method: 'POST' }, responseOf(200), 'retry-later'],
    ['200 with a location', { method: 'POST' }, responseOf(200, { headers: { location: '/x' } }), 'final'],
    ['400 that denies a manifest', { method: 'PUT' }, responseOf(400, { body: INVALID }), 'retry-later'],
    ['400 of another kind', { method: 'PUT' }, responseOf(400), 'final'],
  ])('%s', (_what, request, response, kind) => {
    expect(classifyAttempt(requestOf(request), response, 0)).toMatchObject({ kind });
  });

  it('has a reason, its status, and the milliseconds of its Retry-After', () => {
    const response = responseOf(503, { headers: { 'retry-after': '7' } });
    expect(classifyAttempt(requestOf(), response, 0)).toMatchObject({
      reason: 'status 503',
      failure: { status: 503, retryAfter: 7000 },
      isImplausible: false,
    });
  });
});

describe('an error', () => {
  it.each<[string, Partial<HttpRequest>, unknown, object]>([
    ['a refused connection', {}, lost('ECONNREFUSED'), { kind: 'host-down' }],
    ['a reset connection', {}, lost('ECONNRESET'), { kind: 'host-down' }],
    ['a silent host', {}, lost('UND_ERR_HEADERS_TIMEOUT'), { kind: 'retry-later' }],
    ['a reset upload', { body: UPLOAD }, lost('ECONNRESET'), { kind: 'final', isAnswer: false }],
    ['a lasting one', {}, new RegistryError('unauthorized', 'no'), { kind: 'final' }],
    ['an abort', {}, new DOMException('stop', 'AbortError'), { kind: 'final', isAnswer: false }],
    ['damage', {}, new DamagedResponse(new RegistryError('mismatch', 'no')), { kind: 'retry-now' }],
    [
      'a 416 of a token service',
      {},
      new RegistryError('refused', 'no', { status: 416 }),
      { kind: 'retry-later', isImplausible: true },
    ],
  ])('%s', (_what, request, error, expected) => {
    expect(classifyAttempt(requestOf(request), new Thrown(error), 0)).toMatchObject(expected);
  });
});

it.each([
  ['ECONNREFUSED', true],
  ['ENOTFOUND', true],
  ['ECONNRESET', false],
  ['UND_ERR_CONNECT_TIMEOUT', false],
])('%s is a refused connection: %s', (code, expected) => {
  expect(isConnectionRefused(lost(code))).toBe(expected);
});
