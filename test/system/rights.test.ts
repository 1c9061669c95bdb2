import { describe, expect, it } from 'vitest';
import type { AuthOptions } from '../../src/embedded-registry/auth/auth-options.ts';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import type { Verification } from '../../src/report/report.ts';
import { multiArch, push } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip, runWithReport } from '../doubles/run-cip.ts';
import { countKinds, embedded, manifestFlag, writesOf } from './staging.ts';

const CONTENT = multiArch('rights');
const DIGEST = CONTENT.manifest.digest;
const ABSENT = `sha256:${'a'.repeat(64)}`;
const USERS = { robot: 'secret' };

type TokenAuth = Extract<AuthOptions, { kind: 'token' }>;

/** The environment of somebody who is logged in to these registries. */
async function loggedIn(...registries: readonly EmbeddedRegistry[]) {
  const auth = Buffer.from('robot:secret').toString('base64');
  const auths = Object.fromEntries(registries.map(({ host }) => [host, { auth }]));
  return { DOCKER_CONFIG: await testdir({ 'config.json': JSON.stringify({ auths }) }) };
}

function guarded(auth: Partial<TokenAuth>): Promise<EmbeddedRegistry> {
  return embedded({ auth: { kind: 'token', users: USERS, ...auth } });
}

/** `staging/app` to `prod/app` as v1, of two registries or of one. */
function flagFor(from: EmbeddedRegistry, to: EmbeddedRegistry, digest: string = DIGEST): Promise<string> {
  return manifestFlag({
    from: `${from.host}/staging`,
    to: [`${to.host}/prod`],
    images: { app: { [digest]: ['v1'] } },
  });
}

function scopesAsked({ requests }: EmbeddedRegistry): (string | undefined)[] {
  return requests.filter(({ kind }) => kind === 'token').map(({ query }) => query['scope']);
}

describe('a robot that may create repositories, and see none that is not there', () => {
  it.each(['nothing', 'refused'] as const)(
    'promotes to a new one, though to pull from it gives %s',
    async (pullOfMissing) => {
      const staging = await embedded();
      const production = await guarded({ pullOfMissing });
      push(staging, 'staging/app', CONTENT);
      const env = await loggedIn(production);
      const { status, stderr } = await runWithReport([await flagFor(staging, production), '-confirm'], {
        env,
      });
      expect(status, stderr).toBe(0);
      expect(production.store.resolveTag('prod/app', 'v1')).toBe(DIGEST);
      expect(scopesAsked(production)[0]).toBe('repository:prod/app:pull');
      expect(scopesAsked(production).slice(1)).toEqual(['repository:prod/app:pull,push']);
    },
  );

  it('creates nothing by a dry run, which says what it could not see', async () => {
    const staging = await embedded();
    const production = await guarded({ pullOfMissing: 'nothing' });
    push(staging, 'staging/app', CONTENT);
    const env = await loggedIn(production);
    const { status, report } = await runWithReport([await flagFor(staging, production)], { env });
    expect({ status, unreadable: report.summary.unreadable }).toEqual({ status: 1, unreadable: 1 });
    expect(scopesAsked(production).filter((scope) => scope?.includes('push'))).toEqual([]);
    expect(writesOf(production)).toEqual([]);
  });

  it('asks for no right to push to a source, of the same registry even', async () => {
    const registry = await guarded({ pullOfMissing: 'nothing' });
    push(registry, 'staging/app', CONTENT);
    const env = await loggedIn(registry);
    const images = { app: { [DIGEST]: ['v1'] }, gone: { [ABSENT]: ['v1'] } };
    const flag = await manifestFlag({
      from: `${registry.host}/staging`,
      to: [`${registry.host}/prod`],
      images,
    });
    const { report } = await runWithReport([flag, '-confirm'], { env });
    expect(report.summary).toMatchObject({ copied: 1, unreadable: 1 });
    const pushes = scopesAsked(registry).filter((scope) => scope?.includes('push'));
    expect(new Set(pushes)).toEqual(
      new Set(['repository:prod/app:pull,push', 'repository:prod/gone:pull,push']),
    );
  });
});

describe('a repair by a robot that sees no repository that is not there', () => {
  async function verifyDeep(...args: readonly string[]) {
    const [staging, production] = await Promise.all([guarded({}), guarded({ pullOfMissing: 'nothing' })]);
    push(staging, 'staging/app', CONTENT);
    const env = await loggedIn(staging, production);
    const flag = await manifestFlag({
      from: `${staging.host}/staging`,
      to: [`${production.host}/prod`],
      images: { app: { [DIGEST]: ['v1'] } },
    });
    const run = await runCip(['verify', flag, '-deep', '-repair', '-report=-', ...args], { env });
    const { summary }: Pick<Verification, 'summary'> = JSON.parse(run.stdout);
    return { staging, production, summary };
  }

  it('asks destinations for the right to push where that to pull does not do, once it is confirmed', async () => {
    const { staging, production, summary } = await verifyDeep('-confirm');
    expect(summary).toMatchObject({ edges: 1, missing: 1, unreadable: 0 });
    expect(scopesAsked(production)).toContain('repository:prod/app:pull,push');
    expect(scopesAsked(staging).filter((scope) => scope?.includes('push'))).toEqual([]);
  });

  it('asks for no right to push before', async () => {
    const { production, summary } = await verifyDeep();
    expect(summary).toMatchObject({ edges: 1, missing: 0, unreadable: 1 });
    expect(scopesAsked(production).filter((scope) => scope?.includes('push'))).toEqual([]);
  });
});

describe('a registry that asks for other scopes than its paths suggest', () => {
  it.each<[string, Partial<TokenAuth>]>([
    ['behind a gateway that strips a prefix', { scopeName: (name) => name.replace(/^prod\//, '') }],
    ['behind a gateway that adds one', { scopeName: (name) => `tenant/${name}` }],
    ['with a word for everything', { scopeWord: 'aws' }],
    ['with an asterisk for everything', { scopeWord: '*' }],
  ])('is promoted to: %s', async (_what, auth) => {
    const staging = await embedded();
    const production = await guarded(auth);
    push(staging, 'staging/app', CONTENT);
    const env = await loggedIn(production);
    const flag = await flagFor(staging, production);
    const { status, stderr } = await runWithReport([flag, '-confirm'], { env });
    expect(status, stderr).toBe(0);
    expect(production.store.resolveTag('prod/app', 'v1')).toBe(DIGEST);
    const refused = production.requests.filter((request) => request.status === 401);
    expect(refused).toHaveLength(1);
  });

  it('is promoted within, by mounts', async () => {
    const registry = await guarded({ scopeName: (name) => `tenant/${name}` });
    push(registry, 'staging/app', CONTENT);
    const env = await loggedIn(registry);
    const { status, stderr } = await runWithReport([await flagFor(registry, registry), '-confirm'], { env });
    expect(status, stderr).toBe(0);
    expect(countKinds(registry)).not.toHaveProperty('upload-put');
  });
});

describe.each([403, 404] as const)('a registry that hides its content behind %i', (hides) => {
  it('is read and written with the credentials that only /v2/ asks for', async () => {
    const staging = await guarded({ hides });
    const production = await guarded({ hides });
    push(staging, 'staging/app', CONTENT);
    const env = await loggedIn(staging, production);
    const flag = await flagFor(staging, production);
    const dry = await runWithReport([flag], { env });
    expect({ status: dry.status, copy: dry.report.summary.copy }).toEqual({ status: 0, copy: 1 });
    const { status, stderr } = await runWithReport([flag, '-confirm'], { env });
    expect(status, stderr).toBe(0);
    expect(countKinds(staging)['ping']).toBe(2); // one for each run
    const verified = await runWithReport(['verify', flag], { env });
    expect(verified.status, verified.stderr).toBe(0);
  });

  it('has no tag moved that it hides', async () => {
    const staging = await embedded();
    const production = await guarded({ hides });
    push(staging, 'staging/app', CONTENT);
    push(production, 'prod/app', multiArch('rights, another'), 'v1');
    const env = await loggedIn(production);
    const { status, report } = await runWithReport([await flagFor(staging, production)], { env });
    expect({ status, moves: report.summary['tag-move'] }).toEqual({ status: 1, moves: 1 });
  });

  it('is told to be one, to who has no credentials', async () => {
    const staging = await guarded({ hides });
    const production = await embedded();
    push(staging, 'staging/app', CONTENT);
    const { status, report } = await runWithReport([await flagFor(staging, production)]);
    expect(status).toBe(1);
    const [item] = report.items;
    expect(item?.decision).toBe(hides === 404 ? 'lost' : 'unreadable');
    expect(item?.reason).toContain(`no credentials are configured for ${staging.host}, see docker login`);
    expect(countKinds(staging)['ping']).toBe(1);
  });
});

describe('a digest that is lost', () => {
  it('is told without a doubt where the registries are open to all, after one question to each', async () => {
    const staging = await embedded();
    const production = await embedded();
    const images = Object.fromEntries(
      Array.from({ length: 20 }, (_, number) => [`app-${number}`, { [ABSENT]: ['v1'] }]),
    );
    const flag = await manifestFlag({
      from: `${staging.host}/staging`,
      to: [`${production.host}/prod`],
      images,
    });
    const { report } = await runWithReport([flag]);
    expect(report.summary.lost).toBe(20);
    for (const { reason } of report.items) expect(reason).not.toContain('may hide it');
    expect([staging, production].map((registry) => countKinds(registry)['ping'])).toEqual([1, 1]);
  });
});
