// Covers src/adapters/oci/api/explain-absence.ts

import { describe, expect, it } from 'vitest';
import type { AuthOptions } from '../../../../src/embedded-registry/auth/auth-options.ts';
import type { EmbeddedRegistry } from '../../../../src/embedded-registry/embedded-registry.ts';
import type { Repository } from '../../../../src/image/repository.ts';
import { ANONYMOUS, type Credential, type Keychain } from '../../../../src/ports/keychain.ts';
import type { WriteRegistry } from '../../../../src/ports/registry.ts';
import { image, push } from '../../../builders/images.ts';
import { type Step, scriptedServer } from '../../../doubles/scripted-server.ts';
import {
  clientForTest,
  descriptorOf,
  embeddedForTest,
  identityOf,
  keychainWith,
  quiet,
  registryErrorOf,
  repositoryAt,
  tagOf,
} from '../client.ts';

const ALICE: Credential = { kind: 'basic', username: 'alice', password: 'pw' };
const NOBODY: Credential = { kind: 'anonymous' };
const CONTENT = image({ seed: 'hidden' });
const { digest } = CONTENT.manifest;
const [BLOB = CONTENT.manifest] = CONTENT.blobs;
const V1 = tagOf('v1');

const BASIC: AuthOptions = { kind: 'basic', users: { alice: 'pw' } };
const TOKEN: AuthOptions = { kind: 'token', users: { alice: 'pw' } };

async function setUp(auth: AuthOptions | undefined, credential: Credential = ALICE) {
  const server = await embeddedForTest(auth === undefined ? {} : { auth });
  push(server, 'app', CONTENT, 'v1');
  const { registry } = clientForTest({ keychain: keychainWith(credential) });
  return { server, registry, app: repositoryAt(server, 'app'), pings: () => pingsOf(server) };
}

function pingsOf({ requests }: EmbeddedRegistry): number {
  return requests.filter(({ kind }) => kind === 'ping').length;
}

type Read = (registry: WriteRegistry, app: Repository) => Promise<unknown>;

const READS: readonly (readonly [string, Read])[] = [
  [
    'the HEAD of a tag',
    async (registry, app) => expect(await registry.resolve(app, V1, quiet())).toBe(digest),
  ],
  [
    'the GET of a manifest',
    async (registry, app) =>
      expect((await registry.fetchManifest(app, digest, quiet()))?.digest).toBe(digest),
  ],
  [
    'a list of tags',
    async (registry, app) =>
      expect(await registry.list(app, quiet())).toMatchObject({ kind: 'tags', tags: new Set(['v1']) }),
  ],
  [
    'the HEAD of a blob',
    async (registry, app) => expect(await registry.hasBlob(app, BLOB.digest, quiet())).toBe(true),
  ],
  [
    'the GET of a blob',
    async (registry, app) =>
      expect(await registry.openBlob(app, descriptorOf(BLOB), quiet())).toEqual(BLOB.bytes),
  ],
];
const CASES = ([403, 404] as const).flatMap((hides) =>
  [BASIC, TOKEN].flatMap((auth) => READS.map(([what, read]) => ({ hides, auth, what, read }))),
);

describe('content that is hidden from those without credentials', () => {
  it.each(CASES)('is found by $what, though it is $hides: $auth.kind', async ({ hides, auth, read }) => {
    const { server, registry, app, pings } = await setUp({ ...auth, hides });
    await read(registry, app);
    await read(registry, app);
    expect(pings()).toBe(1);
    const hidden = server.requests.filter(({ status }) => status === hides);
    expect(hidden).toHaveLength(1);
  });

  it('is found by all that ask for it at once, with one question', async () => {
    const { server, registry, app, pings } = await setUp({ ...TOKEN, hides: 404 });
    const look = () => registry.resolve(app, V1, quiet());
    const found = await Promise.all(Array.from({ length: 20 }, look));
    expect(new Set(found)).toEqual(new Set([digest]));
    expect(pings()).toBe(1);
    expect(server.requests.filter(({ kind }) => kind === 'token')).toHaveLength(1);
  });

  it('is found though other content of the host is open to all', async () => {
    const server = await scriptedServer([
      { request: /^HEAD .*open/, answer: { status: 200, headers: { 'docker-content-digest': digest } } },
      { request: /^HEAD .*hidden/, answer: { status: 404 } },
      { request: 'GET /v2/', answer: { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } } },
      {
        request: /^HEAD .*hidden/,
        check: ({ headers }) => expect(headers.authorization).toMatch(/^Basic/),
        answer: { status: 200, headers: { 'docker-content-digest': digest } },
      },
    ]);
    const { registry } = clientForTest({ keychain: keychainWith(ALICE) });
    await registry.resolve(repositoryAt(server, 'open'), V1, quiet());
    expect(await registry.resolve(repositoryAt(server, 'hidden'), V1, quiet())).toBe(digest);
  });

  it('is found where the refusal is 401 without a challenge', async () => {
    const server = await scriptedServer([
      { request: /^HEAD/, answer: { status: 401 } },
      { request: 'GET /v2/', answer: { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } } },
      { request: /^HEAD/, answer: { status: 200, headers: { 'docker-content-digest': digest } } },
    ]);
    const { registry } = clientForTest({ keychain: keychainWith(ALICE) });
    expect(await registry.resolve(repositoryAt(server, 'app'), V1, quiet())).toBe(digest);
  });

  it('is written to where even that is refused without a challenge', async () => {
    const { registry, app } = await setUp({ ...TOKEN, hides: 403 });
    await registry.startUpload(app, quiet());
  });

  it('is refused in the words of who cannot open the credentials for it', async () => {
    const { server, app } = await setUp({ ...TOKEN, hides: 404 });
    const keychain: Keychain = { identityFor: () => Promise.reject(new Error('the keychain is locked')) };
    const { registry } = clientForTest({ keychain });
    await expect(registry.resolve(app, V1, quiet())).rejects.toThrow('the keychain is locked');
    expect(pingsOf(server)).toBe(1);
  });
});

describe('content that is not there', () => {
  it('costs a host that is open to all one question, where there are credentials for it', async () => {
    const { server, registry, app, pings } = await setUp(undefined);
    const look = () => registry.resolve(app, tagOf('v2'), quiet());
    for (let round = 0; round < 20; round++) expect(await look()).toBeUndefined();
    expect(pings()).toBe(1);
    expect(server.requests).toHaveLength(21);
  });

  it('costs nothing where there are none', async () => {
    const { server, registry, app } = await setUp({ ...TOKEN, hides: 404 }, NOBODY);
    expect(await registry.resolve(app, V1, quiet())).toBeUndefined();
    expect(server.requests).toHaveLength(1);
  });

  it('costs nothing after a challenge', async () => {
    const { registry, app, pings } = await setUp(TOKEN);
    expect(await registry.resolve(app, tagOf('v2'), quiet())).toBeUndefined();
    expect(pings()).toBe(0);
  });
});

describe('content that is refused to those without credentials', () => {
  it('is told with what is missing, where /v2/ asks for it', async () => {
    const { server, registry, app, pings } = await setUp({ ...TOKEN, hides: 403 }, NOBODY);
    const message = `no credentials are configured for ${server.host}, see docker login`;
    for (let round = 0; round < 3; round++) {
      expect((await registryErrorOf(registry.resolve(app, V1, quiet()))).message).toContain(message);
    }
    expect(pings()).toBe(1);
  });

  it('is found with the token that everybody gets', async () => {
    const { registry, app } = await setUp({ ...TOKEN, anonymousPull: true, hides: 403 }, NOBODY);
    expect(await registry.resolve(app, V1, quiet())).toBe(digest);
  });

  it('is told as it is, where /v2/ asks for nothing', async () => {
    const { server, registry, app, pings } = await setUp(undefined, NOBODY);
    server.addFault({ path: /app/, act: { kind: 'status', status: 403 }, times: Infinity });
    for (let round = 0; round < 3; round++) {
      const error = await registryErrorOf(registry.resolve(app, V1, quiet()));
      expect(error.message).toContain('it asked for no credentials, so none were sent');
    }
    expect(pings()).toBe(1);
  });
});

describe('/v2/', () => {
  const HIDDEN: Step = { request: /^HEAD/, answer: { status: 404 } };

  it.each([429, 500, 503])('that fails for a while is asked again: %i', async (status) => {
    const { server, registry, app } = await setUp({ ...TOKEN, hides: 404 });
    server.addFault({ kind: 'ping', act: { kind: 'status', status }, times: 2 });
    expect(await registry.resolve(app, V1, quiet())).toBe(digest);
    expect(pingsOf(server)).toBe(3);
  });

  it('that never answers well is done without', async () => {
    const { server, registry, app } = await setUp(undefined);
    server.addFault({ kind: 'ping', act: { kind: 'status', status: 500 }, times: Infinity });
    expect(await registry.resolve(app, tagOf('v2'), quiet())).toBeUndefined();
    expect(await registry.resolve(app, tagOf('v3'), quiet())).toBeUndefined();
    expect(pingsOf(server)).toBe(4);
  });

  it.each<[string, Step['answer']]>([
    ['404', { status: 404 }],
    ['403', { status: 403 }],
    ['a challenge that nobody can meet', { status: 401, headers: { 'www-authenticate': 'Negotiate' } }],
    ['a challenge with another status', { status: 200, headers: { 'www-authenticate': 'Basic realm="x"' } }],
  ])('that answers otherwise is believed: %s', async (_what, answer) => {
    const server = await scriptedServer([HIDDEN, { request: 'GET /v2/', answer }, HIDDEN]);
    const { registry } = clientForTest({ keychain: keychainWith(ALICE) });
    const look = () => registry.resolve(repositoryAt(server, 'app'), V1, quiet());
    expect([await look(), await look()]).toEqual([undefined, undefined]);
  });

  it('that leads elsewhere gives no challenge for this host', async () => {
    const other = await scriptedServer([
      { request: 'GET /v2/', answer: { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } } },
    ]);
    const server = await scriptedServer([
      HIDDEN,
      { request: 'GET /v2/', answer: { status: 307, headers: { location: `${other.url}/v2/` } } },
    ]);
    const { registry } = clientForTest({ keychain: keychainWith(ALICE) });
    expect(await registry.resolve(repositoryAt(server, 'app'), V1, quiet())).toBeUndefined();
  });

  it('is asked without credentials', async () => {
    const server = await scriptedServer([
      HIDDEN,
      {
        request: 'GET /v2/',
        check: ({ headers }) => expect(headers.authorization).toBeUndefined(),
        answer: { status: 200 },
      },
    ]);
    const { registry } = clientForTest({ keychain: keychainWith(ALICE) });
    await registry.resolve(repositoryAt(server, 'app'), V1, quiet());
  });
});

describe('what is lost is explained', () => {
  const explain = async (auth: AuthOptions | undefined, credential: Credential, look: boolean) => {
    const { server, registry, app, pings } = await setUp(auth, credential);
    if (look) await registry.resolve(app, tagOf('v2'), quiet()).catch(() => {});
    const before = server.requests.length;
    const why = [
      await registry.explainAbsence?.(app, quiet()),
      await registry.explainAbsence?.(app, quiet()),
    ];
    expect(why[0]).toBe(why[1]);
    return {
      why: why[0]?.replaceAll(server.host, 'HOST'),
      pings: pings(),
      asked: server.requests.length - before,
    };
  };
  const MISSING = 'HOST may hide it from anonymous: no credentials are configured for HOST, see docker login';

  it.each<[string, AuthOptions | undefined, Credential, { why: string | undefined; asked: number }]>([
    [
      'where there are no credentials and /v2/ asks for some',
      { ...TOKEN, hides: 404 },
      NOBODY,
      { why: MISSING, asked: 1 },
    ],
    [
      'where the host has asked for some before',
      { ...TOKEN, anonymousPull: true },
      NOBODY,
      { why: MISSING, asked: 0 },
    ],
    ['not where the host is open to all', undefined, NOBODY, { why: undefined, asked: 1 }],
    ['not where there are credentials', { ...TOKEN, hides: 404 }, ALICE, { why: undefined, asked: 0 }],
  ])('%s', async (_what, auth, credential, expected) => {
    expect(await explain(auth, credential, true)).toMatchObject(expected);
  });

  it('by nothing where the host does not answer', async () => {
    const { server, registry, app } = await setUp(undefined, NOBODY);
    server.addFault({ kind: 'ping', act: { kind: 'reset' }, times: Infinity });
    expect(await registry.explainAbsence?.(app, quiet())).toBeUndefined();
  });

  it('for each repository by its own identity', async () => {
    const { server } = await setUp({ ...TOKEN, hides: 404 });
    const keychain: Keychain = {
      identityFor: (repository) =>
        Promise.resolve(repository.endsWith('/mine') ? identityOf(ALICE) : ANONYMOUS),
    };
    const { registry } = clientForTest({ keychain });
    const explain = (name: string) => registry.explainAbsence?.(repositoryAt(server, name), quiet());
    expect([await explain('mine'), typeof (await explain('theirs'))]).toEqual([undefined, 'string']);
  });
});
