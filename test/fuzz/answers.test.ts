// Covers src/adapters/oci/api/response-error.ts
// Covers src/http/request-secrets.ts

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkSupport } from '../../src/adapters/oci/api/blobs/chunk-support.ts';
import { Endpoints } from '../../src/adapters/oci/api/endpoint.ts';
import { HeadSupport } from '../../src/adapters/oci/api/head-support.ts';
import { InvalidNames } from '../../src/adapters/oci/api/invalid-names.ts';
import { listRepository } from '../../src/adapters/oci/api/listing.ts';
import { throwResponseError } from '../../src/adapters/oci/api/response-error.ts';
import { Secrets } from '../../src/base/secrets.ts';
import type { HttpRequest, HttpResponse } from '../../src/http/request.ts';
import { secretsOf } from '../../src/http/request-secrets.ts';
import { parseDigest } from '../../src/image/digest.ts';
import { parseTag } from '../../src/image/tag.ts';
import type { Listing } from '../../src/ports/registry.ts';
import { RegistryError } from '../../src/ports/registry-error.ts';
import { repository } from '../builders/manifests.ts';
import { FakeClock } from '../doubles/fake-clock.ts';
import { damaged, FUZZ, jsonOf, longTextOf, textOf, toTheEnd, UNPRINTABLE } from './fuzzing.ts';

const APP = repository('registry.example/app');
const REQUEST: HttpRequest = {
  method: 'GET',
  url: new URL('https://registry.example/v2/app/tags/list?secret=hidden'),
  host: 'registry.example',
  repository: APP,
  headers: { authorization: `Basic ${Buffer.from('alice:canary-password').toString('base64')}` },
  scopes: [],
  signal: new AbortController().signal,
};
const A = `sha256:${'a'.repeat(64)}`;

function answer(body: Uint8Array, parts: Partial<HttpResponse> = {}): HttpResponse {
  return { status: 200, headers: {}, url: REQUEST.url, body, ...parts };
}

/** Some header values that servers send, or none. */
const anyHeader = fc.option(textOf('1é \n', ['text/html', 'Fri, 20 Nov 2026 21:00:00 GMT']), {
  nil: undefined,
});
const headers = fc
  .record({ date: anyHeader, 'retry-after': anyHeader, 'content-type': anyHeader })
  .map((record) =>
    Object.fromEntries(
      Object.entries(record).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
  );

/** How often a damaged page is read. */
const READS = 4;

describe('the body of an error of any server', () => {
  const document = jsonOf(
    ['errors', 'code', 'message', 'detail', 'toString', '__proto__'],
    [
      'UNAUTHORIZED',
      'BLOB_UNKNOWN',
      'MANIFEST_BLOB_UNKNOWN',
      'x'.repeat(5000),
      '\u001b[31m\r\nforged',
      1,
      null,
    ],
  );
  const errors = fc.array(document, { maxLength: 9 }).map((list) => JSON.stringify({ errors: list }));
  const body = fc.oneof(
    errors.map((text) => Buffer.from(text)),
    damaged(errors),
    textOf('<>\n\u001b\u202e {', ['<html>', 'canary-password']).map((text) => Buffer.from(text)),
  );

  it('becomes a RegistryError of one line that is not too long', () => {
    fc.assert(
      fc.property(body, headers, fc.integer({ min: 100, max: 599 }), (content, sent, status) => {
        const error = errorOf(() => throwResponseError(REQUEST, answer(content, { status, headers: sent })));
        expect(error).toBeInstanceOf(RegistryError);
        expect(error).toMatchObject({ status });
        expect(error.message.length).toBeLessThan(4000);
        expect(error.message).not.toMatch(UNPRINTABLE);
        expect(error.message).not.toContain('hidden');
        const { retryAfterMs = 0 } = error instanceof RegistryError ? error : {};
        expect(Number.isFinite(retryAfterMs) && retryAfterMs >= 0).toBe(true);
      }),
      FUZZ,
    );
  });

  it('is told without the secrets that the request had', () => {
    const secrets = new Secrets();
    for (const secret of secretsOf(REQUEST)) secrets.add(secret);
    fc.assert(
      fc.property(body, body, (before, after) => {
        const content = Buffer.concat([before, Buffer.from('canary-password'), after]);
        const { message } = errorOf(() => throwResponseError(REQUEST, answer(content, { status: 401 })));
        expect(secrets.redact(message)).not.toContain('canary');
      }),
      FUZZ,
    );
  });

  it.each(['<', '<a', '>', ' ', '\n', '{"errors":[', '[', '\\', 'alice:'])(
    'is read to its end if it is full of %j',
    (piece) => {
      const content = Buffer.from(longTextOf(piece));
      toTheEnd(() => new Secrets().redact(longTextOf(piece)));
      toTheEnd(() => errorOf(() => throwResponseError(REQUEST, answer(content, { status: 400 }))));
    },
  );
});

describe('a listing of any server', () => {
  const document = jsonOf(
    ['tags', 'manifest', 'child', 'tag', 'name', A, 'sha256:bad', '__proto__'],
    ['v1', 'v2', 'bad tag', '../..', A, '', 1, -1.5, null, true],
  );
  const object = fc.dictionary(fc.constantFrom('tags', 'manifest', 'child', 'name', 'errors'), document);
  const google = fc
    .dictionary(fc.constantFrom(A, `sha512:${'b'.repeat(128)}`, 'bad'), document)
    .map((manifest) => ({ manifest }));
  const text = fc.oneof(object, google, document).map((value) => JSON.stringify(value));
  const body = fc.oneof(
    text.map((json) => Buffer.from(json)),
    damaged(text),
  );
  const link = fc.option(
    fc.constantFrom(
      '</v2/app/tags/list?last=1>; rel="next"',
      '<//evil.example/>; rel="next"',
      '<',
      '<>; rel=next',
    ),
    { nil: undefined },
  );
  const page = fc.record({ body, link, status: fc.constantFrom(200, 200, 200, 404, 500, 204) });

  it('holds well-formed names, or is refused with a RegistryError, after no more pages than there are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(page, { minLength: 1, maxLength: 5 }), async (pages) => {
        let asked = 0;
        const send = (request: HttpRequest) => {
          expect(request.url.host).toBe('registry.example');
          const {
            body: content,
            link: next,
            status,
          } = pages[asked % pages.length] ?? { body: Buffer.alloc(0), status: 404 };
          asked += 1;
          return Promise.resolve(
            answer(content, { status, headers: next === undefined ? {} : { link: next } }),
          );
        };
        const session = {
          send,
          endpoints: new Endpoints([]),
          chunks: new ChunkSupport(),
          heads: new HeadSupport(),
          invalidNames: new InvalidNames(),
          clock: new FakeClock(),
        };
        const listed = await orRefused(listRepository(session, { repository: APP, signal: REQUEST.signal }));
        // a page that tells nothing new ends the list, and each comes once unless it is damaged
        expect(asked).toBeLessThanOrEqual(READS * (2 * pages.length + 1));
        if (listed !== undefined) expectGrammar(listed);
      }),
      FUZZ,
    );
  });
});

/** Undefined where it was refused as it may be. */
function orRefused(listing: Promise<Listing>): Promise<Listing | undefined> {
  return listing.catch((error: unknown) => {
    expect(error).toBeInstanceOf(RegistryError);
    return undefined;
  });
}

function expectGrammar(listing: Listing): void {
  if (listing.kind === 'missing') return;
  expect(['tags', 'digests']).toContain(listing.kind);
  for (const tag of listing.tags.keys()) expect(parseTag(tag)).toBe(tag);
  if (listing.kind !== 'digests') return;
  for (const [digest, tags] of listing.manifests) {
    expect(parseDigest(digest)).toBe(digest);
    for (const tag of tags) expect(listing.tags.has(tag)).toBe(true);
  }
}

function errorOf(work: () => never): Error {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}
