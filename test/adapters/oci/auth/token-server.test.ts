import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDockerConfigKeychain } from '../../../../src/adapters/docker-config/docker-config-keychain.ts';
import type { OciRegistry } from '../../../../src/adapters/oci/oci-registry.ts';
import { systemClock } from '../../../../src/adapters/system/clock.ts';
import { promote } from '../../../../src/promote.ts';
import type { PromotionReport } from '../../../../src/report/report.ts';
import { multiArch } from '../../../builders/images.ts';
import { kept } from '../../../builders/kept.ts';
import { from } from '../../../builders/manifests.ts';
import { testdir } from '../../../builders/testdir.ts';
import { pushThroughPort } from '../../../system/contract/push-through-port.ts';
import { MemorySpool } from '../../../doubles/memory-spool.ts';
import { type RealRegistry, startRealRegistry } from '../../../doubles/real-registries.ts';
import { RecordingProgress } from '../../../doubles/recording-progress.ts';
import { haveTools, passwordGuard, type RegistryAuth } from '../../../doubles/registry-auth.ts';
import { startTokenServer, TOKEN_SERVER_TOOLS, type TokenServer } from '../../../doubles/token-server.ts';
import { clientForTest, quiet, registryErrorOf, repositoryAt, tagOf } from '../client.ts';

const USERS = { alice: 's3cret:of alice', bob: 's3cret-of-bob' };
const CONTENT = multiArch('token server');
const DIGEST = CONTENT.manifest.digest;
const V1 = tagOf('v1');

describe.skipIf(!haveTools('docker-registry', ...TOKEN_SERVER_TOOLS))("distribution's token server", () => {
  let tokens: TokenServer;
  let registry: RealRegistry;

  beforeAll(async () => {
    tokens = await startTokenServer(USERS);
    registry = await startGuarded(tokens);
  });
  afterAll(() => stopAll(registry, tokens));

  it('lets a user with a password promote, with few tokens', async () => {
    await stage(registry, 'alice/staging');
    const before = tokens.requests().length;
    const run = await promoteAs(auth('alice'), registry, { to: 'alice/prod' });
    expect(run.summary).toMatchObject({ edges: 1, copied: 1, failed: 0 });
    expect(await run.client.registry.resolve(repositoryAt(registry, 'alice/prod/app'), V1, quiet())).toBe(
      DIGEST,
    );
    const scopes = tokens.requests().slice(before).map(scopesOf);
    const ofDestination = scopes.filter(([first]) => first?.startsWith('repository:alice/prod/app:'));
    expect(ofDestination.length).toBeLessThanOrEqual(2);
    expect(run.hosts[registry.host]?.identities).toEqual(['user "alice" (docker config)']);
  });

  it('lets a dry run have tokens for reading only', async () => {
    await stage(registry, 'alice/dry');
    const before = tokens.requests().length;
    const run = await promoteAs(auth('alice'), registry, {
      from: 'alice/dry',
      to: 'alice/wet',
      confirm: false,
    });
    expect(run.summary).toMatchObject({ edges: 1, copy: 1 });
    const scopes = tokens.requests().slice(before).flatMap(scopesOf);
    expect(scopes.length).toBeGreaterThan(0);
    expect(scopes.filter((scope) => !scope.endsWith(':pull'))).toEqual([]);
  });

  it('lets an identity token in for its user', async () => {
    await stage(registry, 'bob/staging');
    const identitytoken = await refreshTokenOf('bob');
    const run = await promoteAs({ identitytoken }, registry, { from: 'bob/staging', to: 'bob/prod' });
    expect(run.summary).toMatchObject({ copied: 1, failed: 0 });
    expect(run.hosts[registry.host]?.identities).toEqual(['identity token (docker config)']);
  });

  it('refuses a wrong password in a message that names the registry and the user', async () => {
    const run = await promoteAs(auth('alice', 'wr0ng'), registry, { to: 'alice/prod' });
    expect(run.summary).toMatchObject({ copied: 0, unreadable: 1 });
    const message = await refusalOf(run, 'alice/prod/app');
    expect(message).toContain(`http://${tokens.host}/token/`);
    expect(message).toContain('401: UNAUTHORIZED');
    expect(message).toContain(
      `(identity user "alice" (docker config): these credentials were rejected, log in again: docker login ${registry.host})`,
    );
    expect(run.text).toContain('user \\"alice\\" (docker config)');
    expect(run.text).not.toContain('wr0ng');
  });

  it('refuses a user without the right in a message that names it', async () => {
    const run = await promoteAs(auth('bob'), registry, { from: 'alice/staging', to: 'bob/other' });
    expect(run.summary).toMatchObject({ copied: 0 });
    const message = await refusalOf(run, 'alice/staging/app');
    expect(message).toMatch(/^HEAD http:\S+\/v2\/alice\/staging\/app\/manifests\/v1: 401/);
    expect(message).toContain(
      `identity user "bob" (docker config) needs the right to pull for ${registry.host}/alice/staging/app`,
    );
  });

  it('refuses a destination in a message with both rights, and in the words of the registry', async () => {
    await stage(registry, 'bob/own');
    const before = tokens.requests().length;
    const run = await promoteAs(auth('bob'), registry, { from: 'bob/own', to: 'alice/taken' });
    expect(run.summary).toMatchObject({ copied: 0, unreadable: 1 });
    const [item] = run.items;
    expect(item?.reason).toMatch(/HEAD http:\S+\/v2\/alice\/taken\/app\/manifests\/v1: 401: UNAUTHORIZED: /);
    expect(item?.reason).toContain(`needs the right to pull and push for ${registry.host}/alice/taken/app`);
    const scopes = tokens.requests().slice(before).flatMap(scopesOf);
    expect(scopes.filter((scope) => scope.endsWith('push'))).not.toContain(
      'repository:bob/own/app:pull,push',
    );
  });

  it('refuses an upload in a message with the right to push', async () => {
    const client = await clientWith(auth('bob'), registry.host);
    const asked = client.registry.startUpload(repositoryAt(registry, 'alice/taken/app'), quiet());
    expect((await registryErrorOf(asked)).message).toContain(
      `needs the right to push for ${registry.host}/alice/taken/app`,
    );
  });

  it('refuses nobody at all with a hint what to do', async () => {
    const run = await promoteAs({}, registry, { to: 'alice/prod' });
    expect(await refusalOf(run, 'alice/prod/app')).toContain(
      `no credentials are configured for ${registry.host}, see docker login`,
    );
  });

  async function refreshTokenOf(user: keyof typeof USERS): Promise<string> {
    const url = `http://${tokens.host}/token/?offline_token=true&service=${encodeURIComponent(tokens.service)}`;
    const authorization = `Basic ${auth(user).auth}`;
    const { body } = await request(url, { headers: { authorization }, reset: true });
    return /"refresh_token":"(\w+)"/.exec(await body.text())?.[1] ?? '';
  }
});

describe.skipIf(!haveTools('docker-registry', 'htpasswd'))("distribution's registry with passwords", () => {
  let guard: RegistryAuth;
  let registry: RealRegistry;

  beforeAll(async () => {
    guard = await passwordGuard(USERS);
    registry = await startGuarded(guard);
  });
  afterAll(() => stopAll(registry, guard));

  it('lets a user promote', async () => {
    await stage(registry, 'staging');
    const run = await promoteAs(auth('alice'), registry, { from: 'staging', to: 'prod' });
    expect(run.summary).toMatchObject({ edges: 1, copied: 1, failed: 0 });
    expect(await run.client.registry.resolve(repositoryAt(registry, 'prod/app'), V1, quiet())).toBe(DIGEST);
    expect(run.hosts[registry.host]?.identities).toEqual(['user "alice" (docker config)']);
  });

  it('refuses a wrong password in a message that names the registry and the user', async () => {
    const run = await promoteAs(auth('alice', 'wr0ng'), registry, { from: 'staging', to: 'prod' });
    expect(run.summary).toMatchObject({ copied: 0, unreadable: 1 });
    const message = await refusalOf(run, 'prod/app');
    expect(message).toMatch(new RegExp(`^HEAD http://${registry.host}/v2/prod/app/manifests/v1: 401`));
    expect(message).toContain('identity user "alice" (docker config)');
    expect(run.text).not.toContain('wr0ng');
  });
});

interface Run extends PromotionReport {
  readonly client: OciRegistry;
  /** All that the run tells, as JSON. */
  readonly text: string;
}

/** Promotes the one image with what stands in docker's config.json for the registry. */
async function promoteAs(
  entry: object,
  { host }: RealRegistry,
  { from: source = 'alice/staging', to, confirm = true }: { from?: string; to: string; confirm?: boolean },
): Promise<Run> {
  const client = await clientWith(entry, host);
  const manifest = from(`${host}/${source}`)
    .to(`${host}/${to}`)
    .promote({ app: { [DIGEST]: ['v1'] } });
  const read = { manifests: [manifest], problems: [], counts: { projects: 1, images: 1, digests: 1 } };
  const ports = {
    ...client,
    spool: new MemorySpool(),
    clock: systemClock,
    progress: new RecordingProgress(),
  };
  const signals = { stopping: quiet(), signal: quiet() };
  const request = { read, tool: 'test', confirm, reportAll: true, threads: 8 };
  const report = kept(await promote(request, { ...ports, ...signals }));
  return { ...report, client, text: JSON.stringify(report) };
}

async function clientWith(entry: object, host: string): Promise<OciRegistry> {
  const directory = await testdir({ 'config.json': JSON.stringify({ auths: { [host]: entry } }) });
  const env = { DOCKER_CONFIG: directory, HOME: directory };
  return clientForTest({ keychain: createDockerConfigKeychain(env, systemClock), clock: systemClock });
}

function auth(user: keyof typeof USERS, password: string = USERS[user]): { auth: string } {
  return { auth: Buffer.from(`${user}:${password}`).toString('base64') };
}

/** Puts the image there by its owner. */
async function stage(registry: RealRegistry, path: string): Promise<void> {
  const client = await clientWith(auth(path.startsWith('bob/') ? 'bob' : 'alice'), registry.host);
  const repository = repositoryAt(registry, `${path}/app`);
  await pushThroughPort(client.registry, repository, { content: CONTENT, tags: [V1] });
}

/** The message that the registry's client ends with at a repository. */
async function refusalOf({ client, hosts }: Run, path: string): Promise<string> {
  const [host = ''] = Object.keys(hosts);
  const error = await registryErrorOf(client.registry.resolve(repositoryAt({ host }, path), V1, quiet()));
  expect(error).toMatchObject({ code: 'unauthorized', status: 401, temporary: false });
  return error.message;
}

function scopesOf(url: string): readonly string[] {
  return new URL(url, 'http://t').searchParams.getAll('scope');
}

function startGuarded({ auth: section }: RegistryAuth): Promise<RealRegistry> {
  return startRealRegistry('distribution-2.8', { memory: true, auth: section });
}

async function stopAll(...all: readonly ({ stop(): Promise<void> } | undefined)[]): Promise<void> {
  for (const one of all) await one?.stop(); // what was never started needs no end
}
