// Covers src/embedded-registry/endpoints/content.ts

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { digestOf, parseDigest } from '../../../src/image/digest.ts';
import { blob } from '../../builders/images.ts';
import { ask, startForTest, summaryOf } from '../wire.ts';

const BYTES = blob('layer', 1000);
const DIGEST = digestOf(BYTES);
const PATH = `/v2/prod/app/blobs/${DIGEST}`;

async function startWithBlob() {
  const registry = await startForTest();
  registry.store.putBlob('prod/app', BYTES);
  return registry;
}

describe('reading blobs', () => {
  it('serves the bytes, and HEAD their headers', async () => {
    const registry = await startWithBlob();
    const got = await ask(registry, `GET ${PATH}`);
    expect(got.status).toBe(200);
    expect(got.body.equals(BYTES)).toBe(true);
    expect(got.headers).toMatchObject({
      'content-length': '1000',
      'content-type': 'application/octet-stream',
      'docker-content-digest': DIGEST,
      'accept-ranges': 'bytes',
      etag: `"${DIGEST}"`,
    });
    const head = await ask(registry, `HEAD ${PATH}`);
    expect({ ...head.headers, date: '' }).toEqual({ ...got.headers, date: '' });
    expect(head.body.length).toBe(0);
  });

  it('serves an empty blob and one with a sha512 digest', async () => {
    const registry = await startForTest();
    const empty = registry.store.putBlob('app', new Uint8Array(0));
    expect((await ask(registry, `GET /v2/app/blobs/${empty}`)).headers['content-length']).toBe('0');
    const sha512 = parseDigest(`sha512:${createHash('sha512').update(BYTES).digest('hex')}`);
    expect(registry.store.putBlob('app', BYTES, sha512)).toBe(sha512);
    expect((await ask(registry, `GET /v2/app/blobs/${sha512}`)).body.equals(BYTES)).toBe(true);
  });

  it.each([
    ['bytes=0-0', 206, 'bytes 0-0/1000', 0, 1],
    ['bytes=10-19', 206, 'bytes 10-19/1000', 10, 20],
    ['bytes=990-', 206, 'bytes 990-999/1000', 990, 1000],
    ['bytes=-5', 206, 'bytes 995-999/1000', 995, 1000],
    ['bytes=-5000', 206, 'bytes 0-999/1000', 0, 1000],
    ['bytes=900-5000', 206, 'bytes 900-999/1000', 900, 1000],
    ['bytes=1-2,4-5', 200, undefined, 0, 1000],
    ['bytes=-', 200, undefined, 0, 1000],
    ['pages=1-2', 200, undefined, 0, 1000],
  ])('answers Range %s with %i', async (range, status, contentRange, start, end) => {
    const registry = await startWithBlob();
    const answer = await ask(registry, `GET ${PATH}`, { headers: { Range: range } });
    expect([answer.status, answer.headers['content-range']]).toEqual([status, contentRange]);
    expect(answer.body.equals(BYTES.subarray(start, end))).toBe(true);
  });

  it.each(['bytes=1000-', 'bytes=1000-1001', 'bytes=5-4', 'bytes=-0'])(
    'answers Range %s with 416',
    async (range) => {
      const registry = await startWithBlob();
      const answer = await ask(registry, `GET ${PATH}`, { headers: { Range: range } });
      expect(summaryOf(answer)).toBe('416 RANGE_INVALID');
      expect(answer.headers['content-range']).toBe('bytes */1000');
    },
  );

  it('answers 304 to a client that has it', async () => {
    const registry = await startWithBlob();
    const answer = await ask(registry, `GET ${PATH}`, { headers: { 'If-None-Match': `"${DIGEST}"` } });
    expect(answer.status).toBe(304);
  });

  it('sees the blobs of its own repository only, or those of the host when they are global', async () => {
    const other = `HEAD /v2/prod/other/blobs/${DIGEST}`;
    const registry = await startWithBlob();
    expect((await ask(registry, other)).status).toBe(404);
    const global = await startForTest({ blobStore: 'global' });
    global.store.putBlob('prod/app', BYTES);
    expect((await ask(global, other)).status).toBe(200);
  });

  it.each([
    [`/v2/prod/app/blobs/${digestOf(Buffer.from('absent'))}`, '404 BLOB_UNKNOWN'],
    ['/v2/prod/app/blobs/v1', '400 DIGEST_INVALID'],
    [`/v2/Prod/blobs/${DIGEST}`, '400 NAME_INVALID'],
  ])('refuses %s with %s', async (path, expected) => {
    expect(summaryOf(await ask(await startWithBlob(), `GET ${path}`))).toBe(expected);
  });
});

describe('deleting blobs', () => {
  it('deletes them once', async () => {
    const registry = await startWithBlob();
    expect((await ask(registry, `DELETE ${PATH}`)).status).toBe(202);
    expect((await ask(registry, `HEAD ${PATH}`)).status).toBe(404);
    expect(summaryOf(await ask(registry, `DELETE ${PATH}`))).toBe('404 BLOB_UNKNOWN');
  });
});
