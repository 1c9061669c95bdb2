import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { clientForTest, quiet, repositoryAt, tagOf } from '../../adapters/oci/client.ts';
import { image, push } from '../../builders/images.ts';
import { runWithReport } from '../../doubles/run-cip.ts';
import { type Step, scriptedServer } from '../../doubles/scripted-server.ts';
import { embedded, manifestFlag, writesOf } from '../staging.ts';

const HEX = 'a'.repeat(64);
const GOOD = `sha256:${HEX}`;

/** What would lead elsewhere if it became a part of a path. */
const TAGS = [
  '../../../admin',
  '..',
  '.',
  '',
  'a/b',
  'v1/../../other/manifests/v1',
  'v1?x=y',
  'v1#x',
  'v1%2f..',
  'v1\\..\\x',
  'v1\r\nx-evil: 1',
  'v1\u0000',
  'v1\u202e',
  ' v1',
  '@sha256',
  ':',
  GOOD,
  'x'.repeat(129),
];
const DIGESTS = [
  `sha256:../../${HEX.slice(6)}`,
  `sha256:${HEX}/../../other`,
  `sha256:${HEX}?x`,
  `sha256:${HEX}\n`,
  `sha256:${HEX.toUpperCase()}`,
  `sha256:${HEX.slice(1)}`,
  `sha256:${HEX}a`,
  `SHA256:${HEX}`,
  `sha512:${HEX}`,
  `md5:${HEX.slice(32)}`,
  `../../etc/passwd`,
  `:${HEX}`,
  HEX,
  '',
];
/** What is no text at all, some of which refuses to become one. */
const NO_TEXTS: readonly unknown[] = [{ toString: 1, valueOf: 1 }, { tag: 'v2' }, ['v3'], [], {}, true];

function listing(body: Record<string, unknown> | string): Step {
  return { request: 'GET /v2/app/tags/list', answer: { status: 200, body } };
}

async function list(body: Record<string, unknown> | string) {
  const server = await scriptedServer([listing(body)]);
  return clientForTest().registry.list(repositoryAt(server, 'app'), quiet());
}

describe('names in a listing that would change a path (CVE-2024-3727, GHSA-6wvf-f2vw-3425)', () => {
  it('are no tags', async () => {
    const found = await list({ tags: [...TAGS, ...NO_TEXTS, 'v1'] });
    expect(found).toMatchObject({ kind: 'tags', tags: new Set(['v1']) });
  });

  it('are no digests and no tags in Google’s listing', async () => {
    const entries = DIGESTS.map((digest) => [digest, { tag: ['of-a-bad-digest'] }]);
    const manifest = { ...Object.fromEntries(entries), [GOOD]: { tag: [...TAGS, ...NO_TEXTS, 'v1'] } };
    const found = await list({ child: [], manifest });
    expect(found).toMatchObject({
      kind: 'digests',
      manifests: new Map([[GOOD, ['v1']]]),
      tags: new Map([['v1', GOOD]]),
    });
  });

  it.each([
    ['nested 30,000 deep', `{"tags":[${'['.repeat(30_000)}${']'.repeat(30_000)},"v1"]}`],
    ['under names with a meaning', '{"tags":["v1"],"__proto__":{"manifest":{}},"constructor":{"x":1}}'],
  ])('do no harm %s', async (_how, body) => {
    expect(await list(body)).toMatchObject({ kind: 'tags', tags: new Set(['v1']) });
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe('a digest in a header that would change a path (CVE-2024-3727)', () => {
  it.each(DIGESTS.filter((digest) => !digest.includes('\n')))('is not taken for one: %j', async (digest) => {
    const { manifest } = image({ seed: 'header' });
    const headers = { 'docker-content-digest': digest };
    const server = await scriptedServer([
      { request: 'HEAD /v2/app/manifests/v1', answer: { status: 200, headers } },
      { request: 'GET /v2/app/manifests/v1', answer: { status: 200, headers, body: manifest.bytes } },
    ]);
    const { registry } = clientForTest();
    expect(await registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet())).toBe(manifest.digest);
  });
});

describe('a digest in a manifest that would change a path (CVE-2024-3727)', () => {
  const places = ['config', 'layers', 'manifests'] as const;
  const values = [...DIGESTS, ...NO_TEXTS, null, undefined, 7];
  const deep = `{"schemaVersion":2,"manifests":[{"size":1,"digest":${'['.repeat(9000)}${']'.repeat(9000)}}]}`;

  function documents() {
    return places.flatMap((place) =>
      values.map((digest) => {
        const entry = { mediaType: 'application/octet-stream', digest, size: 1 };
        const config = { mediaType: 'application/octet-stream', digest: GOOD, size: 1 };
        const body = {
          config: { config: entry, layers: [] },
          layers: { config, layers: [entry] },
          manifests: { manifests: [entry] },
        }[place];
        const type = place === 'manifests' ? OCI_INDEX : OCI_MANIFEST;
        return { type, bytes: Buffer.from(JSON.stringify({ schemaVersion: 2, ...body })) };
      }),
    );
  }

  it('ends its own promotion with a plain reason, asks for nothing and leaves the others alone', async () => {
    const from = await embedded();
    const to = await embedded();
    const bad = [...documents(), { type: OCI_INDEX, bytes: Buffer.from(deep) }];
    const images = bad.map(({ type, bytes }, number) => {
      const digest = digestOf(bytes);
      from.store.putManifest(`from/bad${number}`, digest, type, bytes);
      return [`bad${number}`, { [digest]: ['v1'] }] as const;
    });
    const good = push(from, 'from/good', image({ seed: 'good' }), 'v1');
    const flag = await manifestFlag({
      from: `${from.host}/from`,
      to: [`${to.host}/to`],
      images: { ...Object.fromEntries(images), good: { [good]: ['v1'] } },
    });
    const { status, report } = await runWithReport([flag, '-confirm']);
    expect(status).toBe(1);
    expect(report.summary).toMatchObject({ failed: bad.length, copied: 1 });
    for (const { outcome, reason } of report.items.filter(({ destination }) =>
      destination?.includes('/bad'),
    )) {
      expect(outcome).toBe('failed');
      expect(reason).toMatch(/^\w+(\[0\])? of sha256:[0-9a-f]{64} has the malformed digest /);
      expect(reason.length).toBeLessThan(400);
    }
    for (const { path: url } of [...from.requests, ...to.requests]) {
      expect(url).toMatch(/^\/v2\/(from|to)\/(bad\d+|good)\/(tags|manifests|blobs|referrers)\//);
    }
    expect(writesOf(to).every((write) => write.includes('/v2/to/good/'))).toBe(true);
  });
});
