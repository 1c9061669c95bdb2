import { describe, expect, it } from 'vitest';
import { createRepositoryFactsReader } from '../../../src/adapters/google/repository-facts.ts';
import { createFetch } from '../../../src/http/fetch.ts';
import { ANONYMOUS, type Identity } from '../../../src/ports/keychain.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { type Script, scriptedServer } from '../../doubles/scripted-server.ts';
import { repository } from './scene.ts';

const APP = repository('us-docker.pkg.dev/project/images/group/app');
const OTHER = repository('us-docker.pkg.dev/project/images/other');
const NEVER = new AbortController().signal;
const PATH = /^GET \/v1\/projects\/project\/locations\/us\/repositories\/images\?/;
const ACCOUNT: Identity = {
  name: 'service account a@b',
  credential: { kind: 'access-token', current: () => Promise.resolve('token'), refuse: () => {} },
};

/** A reader of a server that follows a script; the account is bound to images below the repository only. */
async function readerOf(steps: Script, identity = ACCOUNT) {
  const server = await scriptedServer(steps);
  const logged: string[] = [];
  const log = { write: (...line: readonly unknown[]) => logged.push(JSON.stringify(line)) };
  const keychain = {
    identityFor: (asked: string) => Promise.resolve(asked.endsWith('/images') ? ANONYMOUS : identity),
  };
  const { fetch } = createFetch({ network: {}, clock: new FakeClock(), log, userAgent: 'cip/test' });
  const reader = createRepositoryFactsReader({ keychain, fetch, log, endpoint: server.url });
  return { reader, server, logged };
}

describe('the settings of a repository of Artifact Registry', () => {
  it('are read once for all images in it, with their account', async () => {
    const body = {
      format: 1,
      mode: 1,
      dockerConfig: { immutableTags: true },
      cleanupPolicies: {
        old: { id: 'old', action: 'DELETE', condition: { olderThan: '86400s' } },
        any: { id: 'any', action: 1, condition: { tagState: 3 } },
        tmp: { id: 'tmp', action: 'DELETE', condition: { olderThan: '60s', packageNamePrefixes: ['tmp'] } },
        dev: { id: 'dev', action: 'DELETE', condition: { olderThan: '60s', tagPrefixes: ['dev-'] } },
        untagged: { id: 'untagged', action: 'DELETE', condition: { olderThan: '60s', tagState: 2 } },
        keep: { id: 'keep', action: 'KEEP', mostRecentVersions: { keepCount: 5 } },
      },
    };
    const { reader, server } = await readerOf([{ request: PATH, answer: { status: 200, body } }]);
    const facts = await Promise.all([reader.factsOf(APP, NEVER), reader.factsOf(OTHER, NEVER)]);
    const expected = {
      name: 'us-docker.pkg.dev/project/images',
      format: 'docker',
      mode: 'standard',
      immutableTags: true,
      cleanupPolicies: ['any', 'dev', 'old', 'tmp', 'untagged'],
      deletesAfter: 86_400_000,
    };
    expect(facts).toEqual([expected, expected]);
    expect(server.requests[0]?.headers.authorization).toBe('Bearer token');
  });

  it.each([
    [
      { format: 'DOCKER', mode: 'VIRTUAL_REPOSITORY' },
      { format: 'docker', mode: 'virtual' },
    ],
    [
      { format: 1, mode: 3 },
      { format: 'docker', mode: 'remote' },
    ],
    [
      { format: 2, mode: 1 },
      { format: 'maven', mode: 'standard' },
    ],
    [
      { format: 99, mode: 99 },
      { format: '99', mode: 'unknown' },
    ],
    [
      { format: 1, cleanupPolicies: { old: { action: 'DELETE' } }, cleanupPolicyDryRun: true },
      { mode: 'unknown', immutableTags: false, cleanupPolicies: [] },
    ],
  ])('are %j', async (body, expected) => {
    const { reader } = await readerOf([{ request: PATH, answer: { status: 200, body } }]);
    expect(await reader.factsOf(APP, NEVER)).toMatchObject(expected);
  });

  it.each([
    ['another host', 'eu.gcr.io/project/app', ACCOUNT],
    ['no image', 'us-docker.pkg.dev/project/images', ACCOUNT],
    ['an image without an account', 'us-docker.pkg.dev/project/images/app', ANONYMOUS],
  ])('are not asked for of %s', async (_what, name, identity) => {
    const { reader } = await readerOf([], identity);
    expect(await reader.factsOf(repository(name), NEVER)).toBeUndefined();
  });

  it('that the account may not see are logged once, and undefined', async () => {
    const body = { error: { code: 403, message: 'Permission denied' } };
    const { reader, logged } = await readerOf([{ request: PATH, answer: { status: 403, body } }]);
    expect([await reader.factsOf(APP, NEVER), await reader.factsOf(OTHER, NEVER)]).toEqual([
      undefined,
      undefined,
    ]);
    expect(logged).toEqual([
      expect.stringMatching(/"debug","settings of the repository not read".*403: Permission/),
    ]);
  });

  it('end with the signal that aborts them', async () => {
    const { reader } = await readerOf([]);
    await expect(reader.factsOf(APP, AbortSignal.abort('stop'))).rejects.toBe('stop');
  });
});
