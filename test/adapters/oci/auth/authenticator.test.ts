// Covers src/adapters/oci/auth/auth-headers.ts

import { describe, expect, it } from 'vitest';
import type { Repository } from '../../../../src/image/repository.ts';
import { ANONYMOUS, type Credential, type Keychain } from '../../../../src/ports/keychain.ts';
import { image, layer, push } from '../../../builders/images.ts';
import { uploadBlob } from '../../../system/contract/push-through-port.ts';
import { FakeClock } from '../../../doubles/fake-clock.ts';
import { type Script, type Step, scriptedServer } from '../../../doubles/scripted-server.ts';
import {
  clientForTest,
  embeddedForTest,
  identityOf,
  keychainOf,
  keychainWith,
  quiet,
  registryErrorOf,
  repositoryAt,
  tagOf,
} from '../client.ts';

const ALICE: Credential = { kind: 'basic', username: 'alice', password: 's3cret:with colon' };
const ALICE_BASIC = `Basic ${Buffer.from('alice:s3cret:with colon').toString('base64')}`;
const USERS = { alice: 's3cret:with colon' };
const CONTENT = image({ seed: 'auth' });
const HEAD = 'HEAD /v2/app/manifests/v1';
const ABSENT = { status: 404 } as const;

function challenged(...headers: string[]): Step {
  return { request: HEAD, answer: { status: 401, headers: { 'www-authenticate': headers } } };
}

function allowed(authorization: string | undefined): Step {
  const check: Step['check'] = ({ headers }) => expect(headers.authorization).toBe(authorization);
  return { request: HEAD, check, answer: ABSENT };
}

/** A refused HEAD is followed by a GET. */
function reason(answer: Step['answer']): Step {
  return { request: 'GET /v2/app/manifests/v1', answer };
}

/** Asks once for a tag of a scripted server, with a credential. */
async function ask(script: Script, credential: Credential = { kind: 'anonymous' }) {
  const server = await scriptedServer(script);
  const { registry } = clientForTest({ keychain: keychainWith(credential) });
  await registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
  return server;
}

describe('the first request to a host', () => {
  it('finds out for all of them that nothing is needed', async () => {
    const server = await embeddedForTest();
    push(server, 'app', CONTENT, 'v1');
    const { registry } = clientForTest({ keychain: neverAsked() });
    const ask = () => registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    await Promise.all(Array.from({ length: 20 }, ask));
    expect(server.requests).toHaveLength(20);
  });

  it('finds out for all of them that a password is needed', async () => {
    const server = await embeddedForTest({ auth: { kind: 'basic', users: USERS } });
    push(server, 'app', CONTENT, 'v1');
    let asked = 0;
    const identityFor = () => {
      asked += 1;
      return Promise.resolve(identityOf(ALICE));
    };
    const { registry } = clientForTest({ keychain: { identityFor } });
    const ask = () => registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    const answers = await Promise.all(Array.from({ length: 20 }, ask));
    expect(new Set(answers)).toEqual(new Set([CONTENT.manifest.digest]));
    expect(server.requests.map(({ status }) => status).filter((status) => status === 401)).toEqual([401]);
    expect(asked).toBe(20);
  });

  it('that fails leaves the question open for the next', async () => {
    const server = await embeddedForTest({ auth: { kind: 'basic', users: USERS } });
    push(server, 'app', CONTENT, 'v1');
    server.addFault({ method: 'HEAD', act: { kind: 'status', status: 400 } });
    server.addFault({ path: /manifests/, act: { kind: 'status', status: 400 } });
    const { registry } = clientForTest({ keychain: keychainOf({ [server.host]: ALICE }) });
    const ask = () => registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    await registryErrorOf(ask());
    expect(await ask()).toBe(CONTENT.manifest.digest);
  });

  it('may be a body that can be sent only once', async () => {
    const server = await embeddedForTest();
    const { registry } = clientForTest();
    const repository = repositoryAt(server, 'app');
    const session = await registry.startUpload(repository, quiet());
    const blob = layer('once');
    const other = clientForTest();
    const upload = {
      session,
      blob: { ...blob, size: blob.bytes.length },
      open: () => Promise.resolve(blob.bytes),
    };
    await other.registry.finishUpload(upload, quiet());
    expect(server.store.hasBlob('app', blob.digest)).toBe(true);
  });
});

describe('a challenge', () => {
  it('that is Basic is met with the password', async () => {
    await ask([challenged('Basic realm="x"'), allowed('Basic YWxpY2U6czNjcmV0OndpdGggY29sb24=')], ALICE);
  });

  it.each<[string, Credential]>([
    ['nobody', { kind: 'anonymous' }],
    ['a refresh token', { kind: 'identity-token', token: 'r' }],
  ])(
    'that is Basic cannot be met by %s, who asks no more than twice, and for the reason',
    async (_who, credential) => {
      const challenge = challenged('Basic realm="x"');
      const error = await registryErrorOf(ask([challenge, challenge, reason(challenge.answer)], credential));
      expect(error).toMatchObject({ code: 'unauthorized', status: 401, temporary: false });
    },
  );

  it('is met with a registry token as it is', async () => {
    const credential: Credential = { kind: 'registry-token', token: 'abc' };
    await ask(
      [challenged('Bearer realm="https://nowhere.invalid/token"'), allowed('Bearer abc')],
      credential,
    );
  });

  it.each<[string, readonly string[]]>([
    ['after another in the same header', ['Negotiate, Bearer realm="URL/token",service="s"']],
    ['in a header of its own', ['Negotiate', 'Bearer realm="URL/token",service="s"']],
    ['with commas in quotes', ['Bearer error="a, b",realm="URL/token",service="s"']],
  ])('is found %s', async (_where, headers) => {
    await ask((url) => [
      challenged(...headers.map((header) => header.replace('URL', url))),
      {
        request: 'GET /token?service=s&scope=repository%3Aapp%3Apull',
        answer: { status: 200, body: { token: 't' } },
      },
      allowed('Bearer t'),
    ]);
  });

  it.each([
    [
      'that nobody can meet',
      { 'www-authenticate': 'Negotiate' },
      'it asked for Negotiate; expected Basic, or',
    ],
    [
      'that lacks its realm',
      { 'www-authenticate': 'Bearer service="x"' },
      'it asked for Bearer; expected Basic, or',
    ],
  ])('%s is a refusal', async (_what, headers: Record<string, string>, words) => {
    const answer = { status: 401, headers };
    const error = await registryErrorOf(ask([{ request: HEAD, answer }, reason(answer)], ALICE));
    expect(error).toMatchObject({ code: 'unauthorized', status: 401 });
    expect(error.message).toContain(words);
  });

  it('that is missing is a refusal in the end', async () => {
    const bare = { request: HEAD, answer: { status: 401 } };
    const ping = { request: 'GET /v2/', answer: { status: 200 } };
    const error = await registryErrorOf(ask([bare, ping, bare, bare, bare, reason(bare.answer)], ALICE));
    expect(error).toMatchObject({ code: 'unauthorized', status: 401 });
    expect(error.message).toContain('it asked for no credentials, so none were sent');
  });

  it('that was missing the first time is met', async () => {
    await ask(
      [
        { request: HEAD, answer: { status: 401 } },
        { request: 'GET /v2/', answer: { status: 200 } },
        challenged('Basic realm="x"'),
        allowed(ALICE_BASIC),
      ],
      ALICE,
    );
  });

  it.each(['/token', 'file:///etc/passwd', 'ftp://r.io/', 'data:,x'])(
    'whose realm is no web address is refused, whoever asks: %s',
    async (realm) => {
      for (const credential of [{ kind: 'anonymous' }, ALICE] as const) {
        const error = await registryErrorOf(ask([challenged(`Bearer realm="${realm}"`)], credential));
        expect(error.message).toContain(`the token realm "${realm}" is not an http(s) URL`);
        expect(error.message).not.toContain('-trust-realm');
      }
    },
  );

  it.each([
    'http://169.254.169.254/token',
    'http://metadata.google.internal/token',
    'http://[fe80::1]/token',
  ])('whose realm is where no token service is gets no advice: %s', async (realm) => {
    const error = await registryErrorOf(ask([challenged(`Bearer realm="${realm}"`)], ALICE));
    expect(error.message).toContain('is at a link-local, metadata or unusable address');
    expect(error.message).not.toContain('-trust-realm');
  });

  it('whose realm already has a query keeps it', async () => {
    await ask((url) => [
      challenged(`Bearer realm="${url}/token?account=a",service="s"`),
      {
        request: 'GET /token?account=a&service=s&scope=repository%3Aapp%3Apull',
        answer: { status: 200, body: { token: 't' } },
      },
      allowed('Bearer t'),
    ]);
  });
});

describe('a refusal in the middle', () => {
  it('of a password is not repeated', async () => {
    const server = await embeddedForTest({ auth: { kind: 'basic', users: USERS } });
    const keychain = keychainOf({ [server.host]: { kind: 'basic', username: 'alice', password: 'wrong' } });
    const { registry } = clientForTest({ keychain });
    const ask = () => registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    const error = await registryErrorOf(ask());
    expect(error.code).toBe('unauthorized');
    expect(error.message).toContain(
      `(identity user "alice": these credentials were rejected, log in again: docker login ${server.host})`,
    );
    expect(server.requests.map(({ method }) => method)).toEqual(['HEAD', 'HEAD', 'GET']);
    await registryErrorOf(ask());
    expect(server.requests).toHaveLength(4);
  });

  it('of a host that let everyone in so far is met', async () => {
    const server = await scriptedServer([
      { request: HEAD, answer: ABSENT },
      { request: 'GET /v2/', answer: { status: 200 } },
      challenged('Basic realm="x"'),
      allowed('Basic YTpi'),
      allowed('Basic YTpi'),
    ]);
    const keychain = keychainOf({ [server.host]: { kind: 'basic', username: 'a', password: 'b' } });
    const { registry } = clientForTest({ keychain });
    for (let round = 0; round < 3; round++) {
      await registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    }
  });
});

describe('the keychain', () => {
  it('is asked by the name that manifests use', async () => {
    const asked: Repository[] = [];
    const keychain: Keychain = {
      identityFor: (repository) => {
        asked.push(repository);
        return Promise.resolve(ANONYMOUS);
      },
    };
    const challenge = challenged('Basic realm="x"');
    const server = await scriptedServer([challenge, challenge, reason(challenge.answer)]);
    const { registry } = clientForTest({ keychain });
    const repository = repositoryAt(server, 'app');
    await registryErrorOf(registry.resolve(repository, tagOf('v1'), quiet()));
    expect(new Set(asked)).toEqual(new Set([repository]));
  });

  it('that fails ends the request in its own words, and is asked again by the next', async () => {
    const server = await embeddedForTest({ auth: { kind: 'basic', users: USERS } });
    let calls = 0;
    const identityFor = () => {
      calls += 1;
      const isLocked = calls === 1;
      return isLocked
        ? Promise.reject(new Error('the keychain is locked'))
        : Promise.resolve(identityOf(ALICE));
    };
    const { registry } = clientForTest({ keychain: { identityFor } });
    const ask = () => registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), quiet());
    await expect(ask()).rejects.toThrow('the keychain is locked');
    expect(await ask()).toBeUndefined();
  });
});

describe('credentials', () => {
  it.each<[string, Credential, string]>([
    ['a password', ALICE, 's3cret:with colon'],
    ['a refresh token', { kind: 'identity-token', token: 'r3fresh-token' }, 'r3fresh-token'],
  ])('are in no message: %s', async (_what, credential, secret) => {
    const encoded = Buffer.from(`alice:${secret}`).toString('base64');
    const messages: string[] = [];
    for (const script of failures()) {
      const thrown: unknown = await ask(script, credential).catch((error: unknown) => error);
      for (let error = thrown; error instanceof Error; error = error.cause) {
        messages.push(error.message, String(error.stack), JSON.stringify(error));
      }
    }
    expect(messages.length).toBeGreaterThan(10);
    for (const message of messages) {
      expect(message).not.toContain(secret);
      expect(message).not.toContain(encoded);
    }
  });

  it('are in no message: a registry token', async () => {
    const credential: Credential = { kind: 'registry-token', token: 'r3gistry-token' };
    const refused: Step = { request: HEAD, answer: { status: 403 } };
    const error = await registryErrorOf(
      ask(
        [challenged('Bearer realm="http://127.0.0.1:1/token"'), refused, reason(refused.answer)],
        credential,
      ),
    );
    expect(`${error.message} ${error.stack}`).not.toContain('r3gistry-token');
  });

  function failures(): Script[] {
    const bearer = (url: string) => challenged(`Bearer realm="${url}/token",service="s"`);
    const again: Step = { request: HEAD, answer: { status: 403 } };
    const why = reason(again.answer);
    const scripts: ((url: string) => Step[])[] = [
      (url) => [bearer(url), { request: /token/, answer: { status: 403, body: 'no' } }],
      (url) => [bearer(url), { request: /token/, answer: { status: 200, body: '{}' } }],
      (url) => [bearer(url), { request: /token/, answer: { status: 200, body: { token: 't' } } }, again, why],
      () => [challenged('Basic realm="x"'), again, why],
      () => [challenged('Bearer realm="https://evil.example.com/token"')],
    ];
    return scripts;
  }
});

describe('a token that ends while a request waits for its turn', () => {
  it('is replaced before that is sent', async () => {
    const clock = new FakeClock();
    const now = () => clock.wallTime();
    const server = await embeddedForTest({ auth: { kind: 'token', users: USERS, ttlSeconds: 60 }, now });
    const keychain = keychainOf({ [server.host]: ALICE });
    const { registry } = clientForTest({ clock, keychain, threads: 1 });
    const repository = repositoryAt(server, 'app');
    const session = await registry.startUpload(repository, quiet());
    const blob = layer('late');
    const first = registry.finishUpload(
      {
        session,
        blob: { ...blob, size: blob.bytes.length },
        open: () => {
          clock.advance(120_000); // a long transfer
          return Promise.reject(new Error('broke off'));
        },
      },
      quiet(),
    );
    const second = uploadOnce();
    await expect(first).rejects.toThrow('broke off');
    await second;
    expect(server.store.hasBlob('app', blob.digest)).toBe(true);

    async function uploadOnce(): Promise<void> {
      const upload = { blob: { ...blob, size: blob.bytes.length }, open: () => Promise.resolve(blob.bytes) };
      await registry.finishUpload({ ...upload, session }, quiet());
    }
  });

  it('does not keep others from their turn', async () => {
    const clock = new FakeClock();
    const now = () => clock.wallTime();
    const server = await embeddedForTest({ auth: { kind: 'token', users: USERS, ttlSeconds: 60 }, now });
    const { registry } = clientForTest({ clock, keychain: keychainOf({ [server.host]: ALICE }), threads: 1 });
    const blobs = Array.from({ length: 10 }, (_, number) => layer(`turn ${number}`));
    await Promise.all(blobs.map((blob) => uploadBlob(registry, repositoryAt(server, 'app'), { blob })));
    expect(server.store.blobs('app')).toHaveLength(10);
  });
});

function neverAsked(): Keychain {
  return { identityFor: () => Promise.reject(new Error('nobody needs a credential')) };
}
