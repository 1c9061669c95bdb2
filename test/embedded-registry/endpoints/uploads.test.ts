// Covers src/embedded-registry/endpoints/range.ts
// Covers src/embedded-registry/server/request-body.ts
// Covers src/embedded-registry/storage/upload-sessions.ts

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type {
  EmbeddedRegistry,
  EmbeddedRegistryOptions,
} from '../../../src/embedded-registry/embedded-registry.ts';
import { digestOf } from '../../../src/image/digest.ts';
import { blob, image, push } from '../../builders/images.ts';
import { type Answer, ask, startForTest, summaryOf } from '../wire.ts';

const BYTES = blob('layer', 5000);
const DIGEST = digestOf(BYTES);
const OTHER = digestOf(Buffer.from('other'));
const UPLOADS = '/v2/prod/app/blobs/uploads/';

/** A new registry with an upload, as its Location. */
async function startWithUpload() {
  const registry = await startForTest();
  const { headers } = await ask(registry, `POST ${UPLOADS}`);
  return { registry, location: headers.location ?? '' };
}

function patch(
  registry: EmbeddedRegistry,
  location: string,
  chunk: { start?: number; bytes: Uint8Array },
): Promise<Answer> {
  const { start, bytes } = chunk;
  const range = start === undefined ? {} : { 'Content-Range': `${start}-${start + bytes.length - 1}` };
  return ask(registry, `PATCH ${location}`, { body: bytes, headers: range });
}

describe('an upload', () => {
  it('is opened by POST with a relative Location that has a query of its own', async () => {
    const registry = await startForTest();
    const answer = await ask(registry, `POST ${UPLOADS}`);
    expect(answer.status).toBe(202);
    expect(answer.headers.location).toMatch(/^\/v2\/prod\/app\/blobs\/uploads\/[\w-]+\?_state=[\w-]+$/);
    expect(answer.headers).toMatchObject({ range: '0-0', 'content-length': '0' });
    expect(registry.openUploads).toBe(1);
  });

  it('takes the whole blob with PUT', async () => {
    const { registry, location } = await startWithUpload();
    const answer = await ask(registry, `PUT ${location}&digest=${DIGEST}`, { body: BYTES });
    expect(answer.status).toBe(201);
    expect(answer.headers).toMatchObject({
      location: `/v2/prod/app/blobs/${DIGEST}`,
      'docker-content-digest': DIGEST,
    });
    expect((await ask(registry, `GET /v2/prod/app/blobs/${DIGEST}`)).body.equals(BYTES)).toBe(true);
    expect(registry.openUploads).toBe(0);
  });

  it('takes an empty blob and one with a sha512 digest', async () => {
    for (const [bytes, digest] of [
      [Buffer.alloc(0), digestOf(Buffer.alloc(0))],
      [BYTES, `sha512:${createHash('sha512').update(BYTES).digest('hex')}`],
    ] as const) {
      const { registry, location } = await startWithUpload();
      const answer = await ask(registry, `PUT ${location}&digest=${digest}`, { body: bytes });
      expect([answer.status, answer.headers['docker-content-digest']]).toEqual([201, digest]);
    }
  });

  it('takes chunks in order, tells how far it is, and ends with a PUT that has the rest', async () => {
    const { registry, location } = await startWithUpload();
    const first = await patch(registry, location, { start: 0, bytes: BYTES.subarray(0, 2000) });
    expect([first.status, first.headers.range]).toEqual([202, '0-1999']);
    const second = await patch(registry, first.headers.location ?? '', {
      start: 2000,
      bytes: BYTES.subarray(2000, 3000),
    });
    expect([second.status, second.headers.range]).toEqual([202, '0-2999']);
    const status = await ask(registry, `GET ${location}`);
    expect([status.status, status.headers.range]).toEqual([204, '0-2999']);
    expect(status.headers.location).toBe(location);
    const done = await ask(registry, `PUT ${location}&digest=${DIGEST}`, { body: BYTES.subarray(3000) });
    expect(done.status).toBe(201);
  });

  it('takes one stream without ranges, in chunked encoding, and ends with an empty PUT', async () => {
    const { registry, location } = await startWithUpload();
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(BYTES.subarray(0, 10));
        controller.enqueue(BYTES.subarray(10));
        controller.close();
      },
    });
    const answer = await fetch(`${registry.url}${location}`, {
      method: 'PATCH',
      body: stream,
      duplex: 'half',
    });
    expect([answer.status, answer.headers.get('range')]).toEqual([202, '0-4999']);
    expect((await ask(registry, `PUT ${location}&digest=${DIGEST}`)).status).toBe(201);
  });

  it.each([
    ['a gap', { start: 3000, bytes: BYTES.subarray(3000, 4000) }],
    ['a repeated chunk', { start: 0, bytes: BYTES.subarray(0, 2000) }],
  ])('refuses %s with 416 and goes on', async (_what, chunk) => {
    const { registry, location } = await startWithUpload();
    await patch(registry, location, { start: 0, bytes: BYTES.subarray(0, 2000) });
    const refused = await patch(registry, location, chunk);
    expect(summaryOf(refused)).toBe('416 RANGE_INVALID');
    expect(refused.headers).toMatchObject({ range: '0-1999', location });
    expect((await patch(registry, location, { start: 2000, bytes: BYTES.subarray(2000) })).status).toBe(202);
    expect((await ask(registry, `PUT ${location}&digest=${DIGEST}`)).status).toBe(201);
  });

  it('refuses a Content-Range that is none', async () => {
    const { registry, location } = await startWithUpload();
    const headers = { 'Content-Range': 'bytes 0-9/*' };
    expect((await ask(registry, `PATCH ${location}`, { headers, body: 'x' })).status).toBe(416);
  });

  it('is over when the digest is wrong', async () => {
    const { registry, location } = await startWithUpload();
    const put = `PUT ${location}&digest=${OTHER}`;
    expect(summaryOf(await ask(registry, put, { body: BYTES }))).toBe('400 DIGEST_INVALID');
    expect(summaryOf(await ask(registry, put, { body: BYTES }))).toBe('404 BLOB_UPLOAD_UNKNOWN');
    expect(registry.store.blobs('prod/app')).toEqual([]);
  });

  it.each(['', '&digest=sha256:12'])('goes on after a PUT with the digest %o', async (query) => {
    const { registry, location } = await startWithUpload();
    expect(summaryOf(await ask(registry, `PUT ${location}${query}`))).toBe('400 DIGEST_INVALID');
    expect((await ask(registry, `GET ${location}`)).status).toBe(204);
  });

  it('is cancelled by DELETE', async () => {
    const { registry, location } = await startWithUpload();
    expect((await ask(registry, `DELETE ${location}`)).status).toBe(204);
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      expect(summaryOf(await ask(registry, `${method} ${location}`))).toBe('404 BLOB_UPLOAD_UNKNOWN');
    }
  });

  it('belongs to its repository, and its Location has to be used whole', async () => {
    const { registry, location } = await startWithUpload();
    const elsewhere = location.replace('prod/app', 'prod/other');
    expect(summaryOf(await ask(registry, `GET ${elsewhere}`))).toBe('404 BLOB_UPLOAD_UNKNOWN');
    const [path] = location.split('?');
    expect(summaryOf(await ask(registry, `GET ${path}`))).toBe('404 BLOB_UPLOAD_INVALID');
  });
});

describe('an upload whose body is interrupted', () => {
  it.each([
    ['any-byte', 1000, [204, '0-1999']],
    ['whole-chunks', 1000, [204, '0-999']],
    ['none', 1000, [404, undefined]],
  ] as const)('goes on as the registry has it: %s', async (resumption, atByte, expected) => {
    const registry = await startForTest({ resumption });
    const { headers } = await ask(registry, `POST ${UPLOADS}`);
    const location = headers.location ?? '';
    await patch(registry, location, { start: 0, bytes: BYTES.subarray(0, 1000) });
    registry.addFault({ method: 'PUT', act: { kind: 'cut-upload', atByte } });
    const put = `PUT ${location}&digest=${DIGEST}`;
    await expect(ask(registry, put, { body: BYTES.subarray(1000) })).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
    expect(registry.requests.at(-1)).toMatchObject({ kind: 'upload-put', status: 0, bytesIn: atByte });
    const status = await ask(registry, `GET ${location}`);
    expect([status.status, status.headers.range]).toEqual(expected);
  });
});

describe('the limits of an upload', () => {
  it('refuse a body that is too large, and the upload goes on in smaller ones', async () => {
    const registry = await startForTest({ maxUploadBytes: 3000 });
    const { headers } = await ask(registry, `POST ${UPLOADS}`);
    const location = headers.location ?? '';
    const whole = await ask(registry, `PUT ${location}&digest=${DIGEST}`, { body: BYTES });
    expect(summaryOf(whole)).toBe('413 SIZE_INVALID');
    expect((await patch(registry, location, { start: 0, bytes: BYTES.subarray(0, 3000) })).status).toBe(202);
    const last = await ask(registry, `PUT ${location}&digest=${DIGEST}`, { body: BYTES.subarray(3000) });
    expect(last.status).toBe(201);
  });

  it('are told, and refuse a chunk after one that was too small', async () => {
    const registry = await startForTest({ chunkMinLength: 2000 });
    const { headers } = await ask(registry, `POST ${UPLOADS}`);
    expect(headers['oci-chunk-min-length']).toBe('2000');
    const location = headers.location ?? '';
    await patch(registry, location, { start: 0, bytes: BYTES.subarray(0, 1999) });
    const refused = await patch(registry, location, { start: 1999, bytes: BYTES.subarray(1999) });
    expect(summaryOf(refused)).toBe('413 SIZE_INVALID');
  });
});

describe('a blob in one POST', () => {
  it('is stored', async () => {
    const registry = await startForTest({ singlePost: true });
    const answer = await ask(registry, `POST ${UPLOADS}?digest=${DIGEST}`, { body: BYTES });
    expect([answer.status, answer.headers.location]).toEqual([201, `/v2/prod/app/blobs/${DIGEST}`]);
    expect(registry.store.hasBlob('prod/app', DIGEST)).toBe(true);
  });

  it('is refused when the digest is wrong', async () => {
    const registry = await startForTest({ singlePost: true });
    const answer = await ask(registry, `POST ${UPLOADS}?digest=${OTHER}`, { body: BYTES });
    expect(summaryOf(answer)).toBe('400 DIGEST_INVALID');
  });

  it('only opens an upload where that is not supported', async () => {
    const registry = await startForTest();
    const answer = await ask(registry, `POST ${UPLOADS}?digest=${DIGEST}`, { body: BYTES });
    expect([answer.status, answer.headers.range]).toEqual([202, '0-0']);
  });
});

describe('a mount', () => {
  async function mount(query: string, options: EmbeddedRegistryOptions = {}) {
    const registry = await startForTest(options);
    registry.store.putBlob('staging/app', BYTES);
    const answer = await ask(registry, `POST ${UPLOADS}?${query}`);
    // without a source it is a way to open an upload
    expect(registry.requests.at(-1)?.kind).toBe(query.includes('from=') ? 'mount' : 'upload-start');
    return { answer, mounted: registry.store.hasBlob('prod/app', DIGEST) };
  }

  it('links a blob of another repository', async () => {
    const { answer, mounted } = await mount(`mount=${DIGEST}&from=staging/app`);
    expect([answer.status, mounted]).toEqual([201, true]);
    expect(answer.headers).toMatchObject({
      location: `/v2/prod/app/blobs/${DIGEST}`,
      'docker-content-digest': DIGEST,
    });
  });

  it('links any blob of the host without a source, where that is switched on', async () => {
    const { answer, mounted } = await mount(`mount=${DIGEST}`, { anonymousMounts: true });
    expect([answer.status, mounted]).toEqual([201, true]);
  });

  it.each([
    ['the source lacks the blob', `mount=${OTHER}&from=staging/app`, {}],
    ['there is no such source', `mount=${DIGEST}&from=staging/none`, {}],
    ['no source is named', `mount=${DIGEST}`, {}],
    ['the digest is malformed', 'mount=sha256:12&from=staging/app', {}],
    ['mounts are switched off', `mount=${DIGEST}&from=staging/app`, { mounts: false }],
  ])('opens an upload when %s', async (_why, query, options) => {
    const { answer, mounted } = await mount(query, options);
    expect([answer.status, mounted]).toEqual([202, false]);
    expect(answer.headers.location).toContain('/blobs/uploads/');
  });

  it('does not take a manifest for a blob', async () => {
    const registry = await startForTest();
    const digest = push(registry, 'staging/app', image({ seed: 'app' }));
    const answer = await ask(registry, `POST ${UPLOADS}?mount=${digest}&from=staging/app`);
    expect(answer.status).toBe(202);
  });
});
