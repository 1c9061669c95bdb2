// Covers src/embedded-registry/endpoints/manifest-check.ts
// Covers src/embedded-registry/storage/manifest-facts.ts
// Covers src/embedded-registry/storage/schema1-digest.ts

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Digest, digestOf } from '../../../src/image/digest.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_SCHEMA1_SIGNED,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../../src/image/media-types.ts';
import {
  artifact,
  buildCache,
  foreignLayerImage,
  image,
  index,
  multiArch,
  nestedIndex,
  nondistributableImage,
  push,
} from '../../builders/images.ts';
import { ask, askManifest, errorsOf, startForTest, summaryOf } from '../wire.ts';

const ABSENT = digestOf(Buffer.from('absent'));

describe('reading manifests', () => {
  it('serves the bytes that were stored, by tag and by digest, with the headers that clients rely on', async () => {
    const registry = await startForTest();
    const { manifest } = multiArch('app');
    push(registry, 'prod/app', multiArch('app'), 'v1');
    for (const reference of ['v1', manifest.digest, manifest.digest.replace(':', '%3A')]) {
      const answer = await askManifest(registry, `GET /v2/prod/app/manifests/${reference}`);
      expect(answer.status).toBe(200);
      expect(answer.body.equals(manifest.bytes)).toBe(true);
      expect(answer.headers).toMatchObject({
        'content-type': OCI_INDEX,
        'content-length': String(manifest.bytes.length),
        'docker-content-digest': manifest.digest,
        etag: `"${manifest.digest}"`,
      });
    }
  });

  it('answers HEAD with the headers of GET and without its body', async () => {
    const registry = await startForTest();
    push(registry, 'prod/app', image({ seed: 'app' }), 'v1');
    const got = await askManifest(registry, 'GET /v2/prod/app/manifests/v1');
    const head = await askManifest(registry, 'HEAD /v2/prod/app/manifests/v1');
    expect(head.body.length).toBe(0);
    expect({ ...head.headers, date: '' }).toEqual({ ...got.headers, date: '' });
    expect((await askManifest(registry, 'HEAD /v2/prod/app/manifests/v2')).status).toBe(404);
  });

  it('answers 304 to a client that has it', async () => {
    const registry = await startForTest();
    const digest = push(registry, 'prod/app', image({ seed: 'app' }), 'v1');
    for (const tag of [digest, `"${digest}"`]) {
      const answer = await askManifest(registry, 'GET /v2/prod/app/manifests/v1', { 'If-None-Match': tag });
      expect([answer.status, answer.body.length]).toEqual([304, 0]);
    }
  });

  it.each([
    ['/v2/prod/app/manifests/v2', '404 MANIFEST_UNKNOWN'],
    ['/v2/prod/none/manifests/v1', '404 MANIFEST_UNKNOWN'],
    [`/v2/prod/app/manifests/${ABSENT}`, '404 MANIFEST_UNKNOWN'],
    ['/v2/prod/app/manifests/.not-a-tag', '404 MANIFEST_UNKNOWN'],
    ['/v2/prod/app/manifests/sha256:12', '400 DIGEST_INVALID'],
    ['/v2/prod/app/manifests/md5:d41d8cd98f00b204e9800998ecf8427e', '400 DIGEST_INVALID'],
    ['/v2/prod/App/manifests/v1', '400 NAME_INVALID'],
    ['/v2/prod/..%2Fapp/manifests/v1', '400 NAME_INVALID'],
    ['/v2/prod%ZZ/manifests/v1', '400 NAME_INVALID'],
  ])('refuses GET %s with %s', async (path, expected) => {
    const registry = await startForTest();
    push(registry, 'prod/app', image({ seed: 'app' }), 'v1');
    expect(summaryOf(await askManifest(registry, `GET ${path}`))).toBe(expected);
  });
});

describe('the Accept header', () => {
  it.each([
    ['oci', OCI_MANIFEST, 200],
    ['oci', `text/html, ${OCI_MANIFEST};q=0.5`, 200],
    ['oci', '*/*', 200],
    ['oci', OCI_INDEX, 404],
    ['oci', undefined, 404],
    ['docker', DOCKER_MANIFEST, 200],
    ['docker', OCI_MANIFEST, 404],
    ['docker', undefined, 200],
  ] as const)('decides on an %s image: %s gets %i', async (format, accept, status) => {
    const registry = await startForTest();
    push(registry, 'app', image({ seed: 'app', format }), 'v1');
    const headers = accept === undefined ? {} : { Accept: accept };
    const answer = await ask(registry, 'GET /v2/app/manifests/v1', { headers });
    expect(answer.status).toBe(status);
    if (status === 404) expect(errorsOf(answer)[0]?.message).toContain('accept header does not support');
  });

  it('does not matter when it is not strict', async () => {
    const registry = await startForTest({ strictAccept: false });
    push(registry, 'app', image({ seed: 'app' }), 'v1');
    expect((await ask(registry, 'GET /v2/app/manifests/v1')).status).toBe(200);
  });
});

describe('writing manifests', () => {
  const content = image({ seed: 'app' });
  const { manifest } = content;

  async function put(options: {
    reference?: string;
    type?: string;
    body?: Uint8Array | string;
    empty?: boolean;
  }) {
    const registry = await startForTest();
    if (!options.empty) push(registry, 'app', content);
    const { reference = 'v1', type = OCI_MANIFEST, body = manifest.bytes } = options;
    const headers = type === '' ? {} : { 'Content-Type': type };
    return { registry, answer: await ask(registry, `PUT /v2/app/manifests/${reference}`, { headers, body }) };
  }

  it('stores under a tag and under the digest', async () => {
    const { registry, answer } = await put({});
    expect(answer.status).toBe(201);
    expect(answer.headers).toMatchObject({
      location: `/v2/app/manifests/${manifest.digest}`,
      'docker-content-digest': manifest.digest,
    });
    expect(registry.store.resolveTag('app', 'v1')).toBe(manifest.digest);
  });

  it('stores by digest without a tag, and again', async () => {
    const { registry, answer } = await put({ reference: manifest.digest });
    expect(answer.status).toBe(201);
    expect(registry.store.tags('app')).toEqual([]);
    const headers = { 'Content-Type': OCI_MANIFEST };
    const again = await ask(registry, `PUT /v2/app/manifests/${manifest.digest}`, {
      headers,
      body: manifest.bytes,
    });
    expect(again.status).toBe(201);
  });

  it('takes sha512 digests', async () => {
    const digest = `sha512:${createHash('sha512').update(manifest.bytes).digest('hex')}`;
    const { registry, answer } = await put({ reference: digest });
    expect(answer.headers['docker-content-digest']).toBe(digest);
    expect((await askManifest(registry, `HEAD /v2/app/manifests/${digest}`)).status).toBe(200);
  });

  it('moves a tag, and keeps the manifest that it had', async () => {
    const registry = await startForTest();
    const old = push(registry, 'app', image({ seed: 'old' }), 'v1');
    push(registry, 'app', content, 'v1');
    expect(registry.store.resolveTag('app', 'v1')).toBe(manifest.digest);
    expect(registry.store.manifest('app', old)?.digest).toBe(old);
  });

  it.each([
    ['other bytes than the digest says', { reference: ABSENT }, '400 DIGEST_INVALID'],
    ['a malformed digest', { reference: 'sha256:xyz' }, '400 DIGEST_INVALID'],
    ['a malformed tag', { reference: '-v1' }, '400 TAG_INVALID'],
    ['a tag of 129 characters', { reference: 'v'.repeat(129) }, '400 TAG_INVALID'],
    ['no content type', { type: '' }, '400 MANIFEST_INVALID'],
    ['an unknown content type', { type: 'application/json' }, '400 MANIFEST_INVALID'],
    ['another content type than its mediaType', { type: OCI_INDEX }, '400 MANIFEST_INVALID'],
    ['a Docker type that the document does not claim', { type: DOCKER_MANIFEST }, '400 MANIFEST_INVALID'],
    ['what is not JSON', { body: 'hello' }, '400 MANIFEST_INVALID'],
    ['what is no manifest', { body: '{"schemaVersion":2}' }, '400 MANIFEST_INVALID'],
    ['more than 4 MiB', { body: Buffer.alloc(4 * 1024 * 1024 + 1) }, '413 SIZE_INVALID'],
  ])('refuses %s', async (_what, options, expected) => {
    const { registry, answer } = await put(options);
    expect(summaryOf(answer)).toBe(expected);
    expect(registry.store.tags('app')).toEqual([]);
  });

  it('names every missing blob in an error of its own', async () => {
    const { answer } = await put({ empty: true });
    expect(answer.status).toBe(400);
    expect(errorsOf(answer).map(({ code, detail }) => [code, detail])).toEqual(
      content.blobs.map(({ digest }) => ['MANIFEST_BLOB_UNKNOWN', { digest }]),
    );
  });

  it("names a missing blob by a mere text, as Docker's registry does, where that is asked for", async () => {
    const registry = await startForTest({ missingDetail: 'text' });
    const headers = { 'Content-Type': OCI_MANIFEST };
    const answer = await ask(registry, 'PUT /v2/app/manifests/v1', { headers, body: manifest.bytes });
    expect(errorsOf(answer).map(({ detail }) => detail)).toEqual(content.blobs.map(({ digest }) => digest));
  });

  it('names every missing child of an index or list', async () => {
    for (const format of ['oci', 'docker'] as const) {
      const registry = await startForTest();
      const { manifest, children } = multiArch('app', { format });
      const [first, ...missing] = children;
      if (first) push(registry, 'app', first);
      const headers = { 'Content-Type': format === 'oci' ? OCI_INDEX : DOCKER_LIST };
      const answer = await ask(registry, 'PUT /v2/app/manifests/v1', { headers, body: manifest.bytes });
      expect(errorsOf(answer).map(({ detail }) => detail)).toEqual(
        missing.map((child) => ({ digest: child.manifest.digest })),
      );
    }
  });

  it('takes everything when validation is sparse', async () => {
    const registry = await startForTest({ validation: 'sparse' });
    const headers = { 'Content-Type': OCI_MANIFEST };
    const answer = await ask(registry, 'PUT /v2/app/manifests/v1', { headers, body: manifest.bytes });
    expect(answer.status).toBe(201);
  });

  it.each([
    ['an image with a foreign layer', foreignLayerImage('win')],
    ['an image with a nondistributable layer that it holds', nondistributableImage('held')],
    ['a build cache', buildCache('cache')],
    ['an index of blobs of an unknown type', buildCache('unknown', ['application/vnd.example.v1+json'])],
    ['a nested index', nestedIndex('nested')],
    ['an empty index', index({ children: [] })],
    ['an artifact', artifact('sbom')],
  ])('takes %s', async (_what, { manifest, blobs, children }) => {
    const registry = await startForTest();
    for (const child of children) push(registry, 'app', child);
    for (const { bytes } of blobs) registry.store.putBlob('app', bytes);
    const headers = { 'Content-Type': manifest.mediaType };
    const answer = await ask(registry, 'PUT /v2/app/manifests/v1', { headers, body: manifest.bytes });
    expect(answer.status).toBe(201);
  });

  it('gives signed schema 1 the digest of the signed text', async () => {
    const text = '{\n   "schemaVersion": 1,\n   "name": "app",\n   "fsLayers": []\n}';
    const cut = text.lastIndexOf('\n}');
    const header = { formatLength: cut, formatTail: Buffer.from(text.slice(cut)).toString('base64url') };
    const signature = { protected: Buffer.from(JSON.stringify(header)).toString('base64url') };
    const body = `${text.slice(0, cut)},\n   "signatures": [${JSON.stringify(signature)}]${text.slice(cut)}`;
    const registry = await startForTest();
    const headers = { 'Content-Type': DOCKER_SCHEMA1_SIGNED };
    const digest: Digest = digestOf(Buffer.from(text));
    for (const reference of ['v1', digest]) {
      const answer = await ask(registry, `PUT /v2/app/manifests/${reference}`, { headers, body });
      expect(answer.headers['docker-content-digest']).toBe(digest);
    }
    const got = await ask(registry, 'GET /v2/app/manifests/v1');
    expect(got.body.toString()).toBe(body);
  });
});

describe('deleting manifests', () => {
  it('deletes a tag alone by tag, and the manifest with its tags by digest', async () => {
    const registry = await startForTest();
    const digest = push(registry, 'app', image({ seed: 'app' }), 'v1', 'v2', 'v3');
    const other = push(registry, 'app', image({ seed: 'other' }), 'w1');
    expect((await ask(registry, 'DELETE /v2/app/manifests/v1')).status).toBe(202);
    expect(registry.store.tags('app')).toEqual(['v2', 'v3', 'w1']);
    expect((await ask(registry, `DELETE /v2/app/manifests/${digest}`)).status).toBe(202);
    expect(registry.store.tags('app')).toEqual(['w1']);
    expect(registry.store.manifests('app').map((manifest) => manifest.digest)).toEqual([other]);
    for (const reference of ['v1', digest]) {
      expect(summaryOf(await ask(registry, `DELETE /v2/app/manifests/${reference}`))).toBe(
        '404 MANIFEST_UNKNOWN',
      );
    }
  });
});
