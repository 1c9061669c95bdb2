import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistryOptions } from '../../../src/embedded-registry/embedded-registry.ts';
import { multiArch, push } from '../../builders/images.ts';
import { testdir } from '../../builders/testdir.ts';
import { runCip, temporaryDirectory } from '../../doubles/run-cip.ts';
import { embedded, manifestFlag } from '../staging.ts';
import { base64Cores, CANARY, canary, findLeaks, tokenCanary } from './canaries.ts';
import {
  type ProxyAnswer,
  type ProxyRequest,
  type RecordingProxy,
  startRecordingProxy,
} from './recording-proxy.ts';

const PASSWORD = canary('password');
const USERS = { alice: PASSWORD };
const REFRESH = tokenCanary('refresh');
const READY = tokenCanary('registry');
const PROXY = canary('proxy');
const content = multiArch('canary', { platforms: 2 });

/** Every level in both formats; the dry runs first, which leave nothing behind. */
const LEVELS = ['debug', 'info', 'warning', 'error'];
const FORMATS = ['text', 'json'];
const ALL = LEVELS.flatMap((level) => FORMATS.map((format) => ({ level, format })));
const MOST = ALL.filter(({ level }) => level === 'debug');

interface World {
  /** Of the registry that all images come from and go to. */
  readonly registry?: EmbeddedRegistryOptions;
  readonly answer?: (request: ProxyRequest, url: string) => ProxyAnswer | undefined;
  /** The text of config.json. */
  readonly config?: (host: string) => string | object;
  readonly env?: (front: RecordingProxy) => Record<string, string>;
  readonly args?: readonly string[];
  /** The registry's host as manifests name it. Default: the front's. */
  readonly named?: string;
  readonly runs?: readonly { readonly level: string; readonly format: string }[];
  /** Of a promotion. */
  readonly status: 0 | 1 | 2;
  /** What the run is to say, or a run that fails for another reason would pass. */
  readonly says?: RegExp;
}

/** Runs promotions and dry runs and looks for secrets in all that is left of them. */
async function watch(world: World): Promise<RecordingProxy> {
  const { runs = MOST, args = [], status } = world;
  const registry = await embedded(world.registry);
  push(registry, 'from/app', content, 'v1');
  const front = await startRecordingProxy(registry.host, world.answer);
  const host = world.named ?? front.host;
  const config = world.config?.(host) ?? {};
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  const DOCKER_CONFIG = await testdir({ 'config.json': text });
  const env = { DOCKER_CONFIG, CIP_DEBUG: '1', NODE_DEBUG: '', ...world.env?.(front) };
  let said = '';
  for (const [number, { level, format }] of runs.entries()) {
    const flag = await manifestFlag({
      from: `${host}/from`,
      to: [`${host}/to${number}`],
      images: { app: { [content.manifest.digest]: ['v1', 'v2'] } },
    });
    for (const confirm of [[], ['-confirm']]) {
      const cwd = temporaryDirectory();
      const run = await runCip(
        [
          flag,
          `-log-level=${level}`,
          `-log-format=${format}`,
          '-report=report.json',
          '-report-markdown=report.md',
          '-report-all',
          ...confirm,
          ...args,
        ],
        { env, cwd },
      );
      if (confirm.length > 0) expect(run.status, run.stderr).toBe(status);
      const reports = ['report.json', 'report.md'].map((name) => readIfThere(join(cwd, name)));
      const all = [run.stdout, run.stderr, ...reports].join('\n');
      expect(findLeaks(all, front.tokens)).toEqual([]);
      said += all;
    }
  }
  if (world.says !== undefined) expect(said).toMatch(world.says);
  return front;
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function auths(entry: object) {
  return (host: string) => ({ auths: { [host]: entry } });
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const BY_PASSWORD = auths({ auth: base64(`alice:${PASSWORD}`) });
const tokenAuth = { kind: 'token', users: USERS, refreshTokens: { [REFRESH]: 'alice' } } as const;

describe('a search for secrets', () => {
  it.each([
    PASSWORD,
    base64(`alice:${PASSWORD}`),
    base64(PASSWORD),
    base64(`al:${PASSWORD}`),
    encodeURIComponent(PASSWORD),
    new URLSearchParams({ x: REFRESH }).toString(),
    JSON.stringify(PASSWORD),
    PASSWORD.slice(0, 9),
    Buffer.from(PASSWORD).toString('hex'),
    'a-token',
  ])('finds %s', (text) => {
    expect(findLeaks(`before ${text} after`, ['a-token']).length).toBeGreaterThan(0);
    expect(base64Cores(CANARY).every((core) => core.length > 5)).toBe(true);
  });

  it('finds nothing in what is no secret', () => {
    expect(findLeaks('user "alice" at 127.0.0.1', ['a-token'])).toEqual([]);
  });
});

describe('nothing that a promotion leaves behind has a secret in it', () => {
  it('at any level, in either format: Basic', async () => {
    const front = await watch({
      registry: { auth: { kind: 'basic', users: USERS } },
      config: BY_PASSWORD,
      runs: ALL,
      status: 0,
      says: /alice/,
    });
    expect(
      front.requests.some(({ authorization }) => authorization === `Basic ${base64(`alice:${PASSWORD}`)}`),
    ).toBe(true);
  });

  it('at any level, in either format: a wrong password', async () => {
    await watch({
      registry: { auth: { kind: 'basic', users: { alice: 'another' } } },
      config: BY_PASSWORD,
      runs: ALL,
      status: 1,
      says: /: 401|no reason given/,
    });
  });

  it('with a token for a password', async () => {
    const front = await watch({ registry: { auth: tokenAuth }, config: BY_PASSWORD, status: 0 });
    expect(front.tokens.size).toBeGreaterThan(1);
  });

  it('with an entry of user and password', async () => {
    await watch({
      registry: { auth: tokenAuth },
      config: auths({ username: 'alice', password: PASSWORD }),
      status: 0,
    });
  });

  it('with a token for a refresh token', async () => {
    const front = await watch({
      registry: { auth: tokenAuth },
      config: auths({ auth: base64('00000000:'), identitytoken: REFRESH }),
      status: 0,
    });
    expect(front.requests.some(({ body }) => body.includes(encodeURIComponent(REFRESH)))).toBe(true);
  });

  it('with a refresh token that is refused', async () => {
    await watch({
      registry: { auth: { kind: 'token', users: USERS } },
      config: auths({ identitytoken: REFRESH }),
      status: 1,
      says: /POST http:.*\/token: 401/,
    });
  });

  it('with a registry token', async () => {
    const front = await watch({
      answer: ({ authorization }, url) =>
        authorization === `Bearer ${READY}` ? undefined : bearer(`${url}/token`),
      config: auths({ registrytoken: READY }),
      status: 0,
    });
    expect(front.tokens).toEqual(new Set([READY]));
  });

  it('with a registry token that is refused', async () => {
    await watch({
      registry: { auth: tokenAuth },
      config: auths({ registrytoken: READY }),
      status: 1,
      says: /: 401/,
    });
  });

  it.each([
    ['once', 1, 0],
    ['for ever', Infinity, 1],
  ] as const)('with a token that is refused in the middle %s', async (_how, times, status) => {
    const refused: ProxyAnswer = { status: 401, body: 'expired' };
    let refusals = 0;
    await watch({
      registry: { auth: tokenAuth },
      answer: ({ line }, url) => {
        if (!/^PUT .*\/manifests\//.test(line) || refusals === times) return undefined;
        refusals += 1;
        return { ...refused, ...bearer(`${url}/token`) };
      },
      config: BY_PASSWORD,
      status,
    });
    expect(refusals).toBeGreaterThan(0);
  });

  it('with a token service that is elsewhere', async () => {
    await watch({
      answer: (_, url) => bearer(`${url.replace('127.0.0.1', 'localhost')}/token?account=a`),
      config: BY_PASSWORD,
      status: 1,
      says: /-trust-realm=/,
    });
  });

  it('with a realm and redirects that repeat a secret in their query', async () => {
    await watch({
      answer: ({ line, authorization }, url) => {
        if (line.includes('/storage')) return { status: 403, body: 'expired' };
        if (line.includes('/token')) return { status: 200, body: `{"token":"${READY}"}` };
        if (authorization === undefined) return bearer(`${url}/token?secret=${encodeURIComponent(READY)}`);
        const signature = encodeURIComponent(READY);
        return line.startsWith('GET') || line.startsWith('HEAD')
          ? { status: 307, headers: { location: `${url}/storage?X-Amz-Signature=${signature}` } }
          : undefined;
      },
      config: BY_PASSWORD,
      status: 1,
    });
  });

  it('with an upload whose location is a secret', async () => {
    const state = encodeURIComponent(tokenCanary('state'));
    await watch({
      answer: ({ line }) => {
        if (line.startsWith('POST')) return { status: 202, headers: { location: `/up?_state=${state}` } };
        return line.includes('/up?') ? { status: 400, body: 'no' } : undefined;
      },
      status: 1,
      says: /_state=REDACTED/,
    });
  });
});

describe('a server that repeats what it was told', () => {
  const repeat = ({ authorization, body }: ProxyRequest): ProxyAnswer => {
    const said = `you said ${authorization ?? 'nothing'} ${body.toString()}`;
    return {
      status: 403,
      body: JSON.stringify({ errors: [{ code: 'DENIED', message: said, detail: { said } }] }),
    };
  };

  /** An answer to HEAD has no body to repeat anything in. */
  const repeatInBody = (request: ProxyRequest) =>
    request.line.startsWith('HEAD') ? { status: 404, body: '' } : repeat(request);

  it('is not repeated: a registry with Basic', async () => {
    await watch({
      answer: (request) =>
        request.authorization === undefined
          ? { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } }
          : repeatInBody(request),
      config: BY_PASSWORD,
      status: 1,
      says: /you said/,
    });
  });

  it.each([
    ['a password', BY_PASSWORD],
    ['a refresh token', auths({ identitytoken: REFRESH })],
  ])('is not repeated: a token service that was given %s', async (_what, config) => {
    await watch({
      answer: (request, url) => (request.line.includes('/token') ? repeat(request) : bearer(`${url}/token`)),
      config,
      status: 1,
      says: /you said/,
    });
  });

  it('is not repeated: a registry with a token', async () => {
    await watch({
      answer: (request, url) => {
        if (request.line.includes('/token')) return undefined;
        return request.authorization === undefined ? bearer(`${url}/token`) : repeatInBody(request);
      },
      registry: { auth: tokenAuth },
      config: BY_PASSWORD,
      status: 1,
      says: /you said/,
    });
  });
});

describe.runIf(process.platform === 'linux')('a credential helper', () => {
  /** Writes down how it and its parent were called, then answers so. */
  async function helper(answer: string) {
    const directory = await testdir({ 'bin/': '' });
    const file = join(directory, 'bin', 'docker-credential-vault');
    const calls = join(directory, 'calls');
    const look = `for p in $$ $PPID; do tr '\\0' ' ' < /proc/$p/cmdline; echo; done >> '${calls}'`;
    writeFileSync(file, `#!/bin/sh\ncat > /dev/null\n${look}\n${answer}\n`);
    chmodSync(file, 0o755);
    writeFileSync(join(directory, 'answer'), JSON.stringify({ Username: 'alice', Secret: PASSWORD }));
    return {
      env: () => ({ PATH: `${join(directory, 'bin')}:${process.env['PATH']}` }),
      calls: () => readFileSync(calls, 'utf8'),
      answer: join(directory, 'answer'),
    };
  }

  it.each([
    ['that answers', 'cat "$(dirname "$0")/../answer"', 0, /credential helper vault/],
    ['that answers and fails', 'cat "$(dirname "$0")/../answer"; exit 1', 1, /docker-credential-vault/],
    ['that answers in pieces', 'head -c 40 "$(dirname "$0")/../answer"', 1, /docker-credential-vault/],
    [
      'that answers without quotes',
      'tr -d \'"\' < "$(dirname "$0")/../answer"',
      1,
      /docker-credential-vault/,
    ],
    ['that is killed', 'cat "$(dirname "$0")/../answer"; kill -9 $$', 1, /docker-credential-vault/],
  ] as const)(
    '%s leaves its secret nowhere, not in process arguments either',
    async (_how, answer, status, says) => {
      const program = await helper(answer);
      await watch({
        registry: { auth: tokenAuth },
        config: (host) => ({ credHelpers: { [host]: 'vault' } }),
        env: program.env,
        status,
        says,
      });
      expect(program.calls()).toContain('docker-credential-vault get');
      expect(program.calls()).toContain('-confirm');
      expect(findLeaks(program.calls(), [])).toEqual([]);
    },
  );

  it('is not needed to look at all the arguments of a run', async () => {
    const program = await helper('cat "$(dirname "$0")/../answer"');
    const config = { credsStore: 'vault' };
    await watch({
      registry: { auth: { kind: 'basic', users: USERS } },
      config: () => config,
      env: program.env,
      status: 0,
    });
    expect(findLeaks(program.calls(), [])).toEqual([]);
  });
});

describe('a config.json that is broken', () => {
  it.each<[string, (host: string) => string | object]>([
    ['an entry without a colon', auths({ auth: base64(PASSWORD) })],
    ['an entry that is no base64', auths({ auth: `${PASSWORD}:` })],
    ['an entry without a user', auths({ auth: base64(`:${PASSWORD}`) })],
    ['an entry that is a text', (host) => ({ auths: { [host]: PASSWORD } })],
    ['an entry of other types', auths({ username: [PASSWORD], password: { x: PASSWORD } })],
    ['no object', () => JSON.stringify(PASSWORD)],
    ['cut off', (host) => `{"auths":{"${host}":{"auth":"${PASSWORD.replaceAll('"', '')}`],
    ['no JSON', () => PASSWORD],
  ])('does not show what is in it: %s', async (_how, config) => {
    await watch({ registry: { auth: { kind: 'basic', users: USERS } }, config, status: 1 });
  });
});

describe('a proxy with a password', () => {
  const named = 'registry.test:5000';
  const url = (host: string) => `http://proxy-user:${encodeURIComponent(PROXY)}@${host}`;
  const common = { named, args: [`-plain-http=${named}`] };

  it('is asked with it, and its password shown nowhere', async () => {
    const front = await watch({ ...common, env: ({ host }) => ({ HTTP_PROXY: url(host) }), status: 0 });
    const expected = `Basic ${base64(`proxy-user:${PROXY}`)}`;
    expect(new Set(front.requests.map(({ proxyAuthorization }) => proxyAuthorization))).toEqual(
      new Set([expected]),
    );
  });

  it.each<[string, World['env'], World['answer']]>([
    ['that refuses it', ({ host }) => ({ HTTP_PROXY: url(host) }), () => ({ status: 407, body: 'no' })],
    [
      'that repeats it',
      ({ host }) => ({ HTTP_PROXY: url(host) }),
      ({ proxyAuthorization }) => ({ status: 407, body: `you said ${proxyAuthorization}` }),
    ],
    ['that is not there', () => ({ HTTP_PROXY: url('127.0.0.1:1') }), undefined],
  ])('%s does not show it', async (_how, env, answer) => {
    await watch({ ...common, ...(env && { env }), ...(answer && { answer }), status: 1 });
  });

  it.each<[string, World['env']]>([
    ['of an unknown kind', () => ({ HTTP_PROXY: url('127.0.0.1:1').replace('http', 'socks5') })],
    ['that is no URL', () => ({ HTTP_PROXY: `http://proxy-user:${PROXY}@ @:x` })],
    ['wrongly encoded', () => ({ HTTP_PROXY: `http://proxy-user:${CANARY}%zz@127.0.0.1:1` })],
  ])('%s is refused at the start and not shown', async (_how, env) => {
    await watch({ ...common, ...(env && { env }), status: 2 });
  });

  it('is asked for tunnels with it', async () => {
    await watch({
      named,
      env: ({ host }) => ({ HTTPS_PROXY: url(host) }),
      status: 1, // the front knows no tunnels
    });
  });
});

function bearer(realm: string): ProxyAnswer {
  return { status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}",service="s"` } };
}
