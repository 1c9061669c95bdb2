// Covers src/adapters/oci/api/invalid-names.ts

import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../../src/image/digest.ts';
import { UNKNOWN_SIZE } from '../../../../src/image/oci-manifest.ts';
import type { RegistryName, Repository } from '../../../../src/image/repository.ts';
import { image, push } from '../../../builders/images.ts';
import { registryName } from '../../../builders/manifests.ts';
import { type Script, type ScriptedAnswer, scriptedServer } from '../../../doubles/scripted-server.ts';
import {
  clientForTest,
  embeddedForTest,
  identityOf,
  quiet,
  registryErrorOf,
  repositoryAt,
  tagOf,
} from '../client.ts';

const FIRST = 'GET /v2/_catalog';
const ONE = digestOf(Buffer.from('one'));
const TWO = digestOf(Buffer.from('two'));

function registryAt({ host }: { host: string }, path = ''): RegistryName {
  return registryName(`${host}${path}`);
}

async function catalog(script: Script, path = '') {
  const server = await scriptedServer(script);
  const names = await pagesOf(clientForTest().registry.catalog(registryAt(server, path), quiet()));
  return names.map((name) => name.slice(server.host.length + 1));
}

async function pagesOf(pages: AsyncIterable<readonly Repository[]>): Promise<Repository[]> {
  const names: Repository[] = [];
  for await (const page of pages) names.push(...page);
  return names;
}

function page(repositories: unknown, next?: string) {
  return {
    status: 200,
    headers: next === undefined ? {} : { link: `<${next}>; rel="next"` },
    body: { repositories },
  };
}

describe('a catalogue', () => {
  it('is followed over all of its pages', async () => {
    const script = [
      { request: FIRST, answer: page(['b', 'a/b'], '/v2/_catalog?last=a%2Fb&n=2') },
      { request: `${FIRST}?last=a%2Fb&n=2`, answer: page(['c']) },
    ];
    expect(await catalog(script)).toEqual(['b', 'a/b', 'c']);
  });

  it('gives what is at and below a registry, whole components compared', async () => {
    const names = ['prod', 'prod/app', 'prod/app/sub', 'prod2/app', 'prod-x', 'x/prod/app', 'pro'];
    expect(await catalog([{ request: FIRST, answer: page(names) }], '/prod')).toEqual([
      'prod',
      'prod/app',
      'prod/app/sub',
    ]);
  });

  it('gives no name that would lead elsewhere', async () => {
    const names = [
      '../up',
      '/x',
      'a//b',
      'a/../b',
      'UP',
      '',
      'a?b',
      'a#b',
      'a b',
      'a%2fb',
      7,
      null,
      ['a'],
      { a: 1 },
      'ok',
    ];
    expect(await catalog([{ request: FIRST, answer: page(names) }])).toEqual(['ok']);
  });

  it('may be null', async () => {
    expect(await catalog([{ request: FIRST, answer: page(null) }])).toEqual([]);
  });

  it.each([
    [404, 'refused'],
    [405, 'refused'],
    [401, 'unauthorized'],
    [403, 'unauthorized'],
  ])('that a registry does not offer (%i) is %s', async (status, code) => {
    const answer = { status, headers: { 'www-authenticate': 'Negotiate' } };
    const error = await registryErrorOf(catalog([{ request: FIRST, answer }]));
    expect(error).toMatchObject({ code, status });
  });

  it.each([
    ['the same page', '/v2/_catalog', ['a'], 'a page without new repositories leads to another one'],
    ['names that are none', '/v2/_catalog?x', ['..'], 'a page without new repositories leads to another one'],
  ])('does not go on for ever with %s', async (_what, next, names, words) => {
    const script = [
      { request: FIRST, answer: page(['a'], next) },
      { request: /^GET \/v2\/_catalog/, answer: page(names, next) },
    ];
    expect((await registryErrorOf(catalog(script))).message).toContain(words);
  });

  it('goes on after pages without any name, up to a hundred in a row', async () => {
    const script = (pages: number) => [
      ...Array.from({ length: pages }, (_, number) => ({
        request: number === 0 ? FIRST : `${FIRST}?x=${number}`,
        answer: page([], `/v2/_catalog?x=${number + 1}`),
      })),
      { request: `${FIRST}?x=${pages}`, answer: page(['z']) },
    ];
    expect(await catalog(script(100))).toEqual(['z']);
    expect((await registryErrorOf(catalog(script(101).slice(0, -1)))).message).toContain(
      'a page without new repositories leads to another one',
    );
  });

  it.each([404, 405, 401])('that breaks off (%i) is not a short one', async (status) => {
    const script = [
      { request: FIRST, answer: page(['a'], '/v2/_catalog?last=a') },
      { request: `${FIRST}?last=a`, answer: { status, headers: { 'www-authenticate': 'Negotiate' } } },
    ];
    const error = await registryErrorOf(catalog(script));
    expect(error).toMatchObject({ code: 'unexpected', status: undefined });
    expect(error.message).toMatch(
      new RegExp(`^the list of repositories breaks off after its first page: GET .*: ${status}: `),
    );
  });

  it('is not followed to another host', async () => {
    const script = [{ request: FIRST, answer: page(['a'], 'http://registry.example.com/v2/_catalog') }];
    expect((await registryErrorOf(catalog(script))).message).toContain(
      'refused the next page at http://registry.example.com',
    );
  });

  it('is asked for with the right to see it', async () => {
    const registry = await embeddedForTest({ auth: { kind: 'token', users: { alice: 'secret' } } });
    push(registry, 'prod/app', image({ seed: 'app' }));
    const credential = { kind: 'basic', username: 'alice', password: 'secret' } as const;
    const keychain = { identityFor: () => Promise.resolve(identityOf(credential)) };
    const client = clientForTest({ keychain }).registry;
    expect(await pagesOf(client.catalog(registryAt(registry), quiet()))).toEqual([
      `${registry.host}/prod/app`,
    ]);
  });
});

describe('the listing of a host', () => {
  const request = 'GET /v2/tags/list';

  it('is that of Google, or missing', async () => {
    const ask = async (script: Script) => {
      const server = await scriptedServer(script);
      return clientForTest().registry.listHost(registryAt(server), quiet());
    };
    const body = { child: ['project'], manifest: {}, tags: [] };
    const google = await ask([{ request, answer: { status: 200, body } }]);
    expect(google).toMatchObject({ kind: 'digests', children: ['project'] });
    expect(await ask([{ request, answer: { status: 404 } }])).toEqual({ kind: 'missing' });
  });
});

describe('a list of referrers', () => {
  const path = `GET /v2/app/referrers/${ONE}`;

  async function referrers(script: Script) {
    const server = await scriptedServer(script);
    return await clientForTest().registry.referrers(repositoryAt(server, 'app'), ONE, quiet());
  }

  it('has their descriptors, artifact types and annotations, over all of its pages', async () => {
    const headers = { link: `</v2/app/referrers/${ONE}?page=2>; rel="next"` };
    const annotations = { by: 'someone', count: 5 };
    const full = { mediaType: 'm/t', digest: TWO, size: 5, artifactType: 'a/b', annotations };
    const manifests = [full, { digest: 'sha256:1' }, null, { digest: 5 }];
    const script = [
      { request: path, answer: { status: 200, headers, body: { manifests } } },
      { request: `${path}?page=2`, answer: { status: 200, body: { manifests: [{ digest: ONE }] } } },
    ];
    expect(await referrers(script)).toEqual([
      {
        mediaType: 'm/t',
        digest: TWO,
        size: 5,
        artifactType: 'a/b',
        annotations: { by: 'someone' },
      },
      { mediaType: '', digest: ONE, size: UNKNOWN_SIZE, artifactType: '', annotations: {} },
    ]);
  });

  it('is undefined where there is no such list', async () => {
    expect(await referrers([{ request: path, answer: { status: 404 } }])).toBeUndefined();
  });

  it.each([404, 400, 405, 501])('that breaks off (%i) is neither short nor missing', async (status) => {
    const headers = { link: `</v2/app/referrers/${ONE}?page=2>; rel="next"` };
    const script = [
      { request: path, answer: { status: 200, headers, body: { manifests: [{ digest: TWO }] } } },
      { request: `${path}?page=2`, answer: { status } },
    ];
    const error = await registryErrorOf(referrers(script));
    expect(error).toMatchObject({ code: 'unexpected', status: undefined });
    expect(error.message).toContain('the list of referrers breaks off after its first page');
  });
});

describe('looking up', () => {
  it.each([
    ['application/vnd.oci.image.index.v1+json; charset=utf-8', 'application/vnd.oci.image.index.v1+json'],
    ['application/octet-stream', ''],
    [undefined, ''],
  ])('tells the type %j as %j', async (type, mediaType) => {
    const headers = { 'docker-content-digest': ONE, ...(type !== undefined && { 'content-type': type }) };
    const server = await scriptedServer([
      { request: 'HEAD /v2/app/manifests/v1', answer: { status: 200, headers } },
    ]);
    const repository = repositoryAt(server, 'app');
    const { registry } = clientForTest();
    expect(await registry.lookUp(repository, tagOf('v1'), quiet())).toEqual({ digest: ONE, mediaType });
  });
});

describe('fetching a tag', () => {
  const bytes = '{"schemaVersion":2}';
  const digest = digestOf(Buffer.from(bytes));

  async function fetched(answer: ScriptedAnswer, times = 1) {
    const request = 'GET /v2/app/manifests/v1';
    const server = await scriptedServer(Array.from({ length: times }, () => ({ request, answer })));
    return clientForTest().registry.fetchTagged(repositoryAt(server, 'app'), tagOf('v1'), quiet());
  }

  it.each([[digest], [undefined]])(
    'gives the manifest with its digest, where the header names %s',
    async (named) => {
      const headers = {
        'content-type': 'm/t',
        ...(named !== undefined && { 'docker-content-digest': named }),
      };
      const manifest = await fetched({ status: 200, headers, body: bytes });
      expect(manifest).toEqual({ digest, mediaType: 'm/t', bytes: Buffer.from(bytes) });
    },
  );

  it('is undefined for a tag that does not exist', async () => {
    expect(await fetched({ status: 404 })).toBeUndefined();
  });

  it('fails where the bytes are not those of the digest that the header names', async () => {
    const answer = { status: 200, headers: { 'docker-content-digest': ONE }, body: bytes };
    expect(await registryErrorOf(fetched(answer, 4))).toMatchObject({ code: 'mismatch' });
  });
});
