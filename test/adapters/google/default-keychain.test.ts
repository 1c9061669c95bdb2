import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createDefaultKeychain } from '../../../src/adapters/google/default-keychain.ts';
import { GoogleError } from '../../../src/adapters/google/google-error.ts';
import { ANONYMOUS } from '../../../src/ports/keychain.ts';
import { CANARY } from './fake-google.ts';
import { B, keyOf, repository, REPOSITORY, type Staging, scene as sceneOf } from './scene.ts';

const scene = (staging: Staging = {}) => sceneOf({ ...staging, create: createDefaultKeychain });
const MACHINE: Staging = { machine: B, env: { K_SERVICE: 'promoter' } };
const withKey: Staging = {
  files: (google) => ({ 'adc.json': keyOf(B, google) }),
  credentials: 'adc.json',
};

it('the credentials of a file are used at every host of Google', async () => {
  const { identity, token, google, folder } = await scene(withKey);
  expect((await identity()).name).toBe(`service account ${B} of ${join(folder, 'adc.json')}`);
  expect(await token(repository('europe-docker.pkg.dev/p/r/app'))).toBe(`${CANARY}.${B}.1`);
  expect(google.asked).toEqual([`jwt ${B}`]);
});

it('no other host gets them', async () => {
  const { identity, google } = await scene(withKey);
  for (const name of ['ghcr.io/org/app', 'gcr.io.example.org/app', 'localhost:5000/gcr.io/app']) {
    expect(await identity(repository(name))).toBe(ANONYMOUS);
  }
  expect(google.asked).toEqual([]);
});

it('the identity of a machine is used, and found once for all that wait', async () => {
  const { identity, token, google } = await scene(MACHINE);
  const names = await Promise.all(Array.from({ length: 5 }, async () => (await identity()).name));
  expect(new Set(names)).toEqual(new Set([`service account ${B} of the metadata server`]));
  expect(await token()).toBe(`${CANARY}.${B}.1`);
  const path = 'metadata /instance/service-accounts/default';
  expect(google.asked).toEqual(['metadata /instance', `${path}/email`, `${path}/scopes`, `${path}/token`]);
});

it('a machine with narrow scopes reads anonymously: with such a token even public images are refused', async () => {
  const { identity, google, logged } = await scene({
    ...MACHINE,
    before: async (google) => {
      google.behaviour.scopes = ['https://www.googleapis.com/auth/devstorage.read_only'];
    },
  });
  expect(await identity()).toBe(ANONYMOUS);
  expect(await identity()).toBe(ANONYMOUS);
  expect(logged).toHaveLength(1);
  expect(logged[0]).toContain('lacks the scope cloud-platform');
  expect(google.asked).not.toContain('metadata /instance/service-accounts/default/token');
});

it('without credentials everything is anonymous, and no metadata server is searched for', async () => {
  const { identity, google, logged } = await scene({ env: { METADATA_SERVER_DETECTION: 'none' } });
  expect(await identity()).toBe(ANONYMOUS);
  expect(google.asked).toEqual([]);
  expect(logged).toEqual([]);
});

it('a service of Knative in another cluster is anonymous, and no metadata server is searched for', async () => {
  const env = { K_SERVICE: 'promoter', KUBERNETES_SERVICE_HOST: '10.0.0.1' };
  const { identity, google, logged } = await scene({ machine: B, env });
  expect(await identity()).toBe(ANONYMOUS);
  expect({ asked: google.asked, logged }).toEqual({ asked: [], logged: [] });
});

it('credentials that are refused leave public registries readable, with one warning', async () => {
  const { identity, google, logged } = await scene(withKey);
  google.behaviour.fault = { status: 400, body: { error: 'invalid_grant' } };
  expect(await identity()).toBe(ANONYMOUS);
  expect(await identity(REPOSITORY)).toBe(ANONYMOUS);
  expect(logged.filter((line) => line.includes('google credentials not used'))).toHaveLength(1);
});

it('a service that does not answer is an error, and asked again', async () => {
  const { identity, google } = await scene(withKey);
  google.behaviour.fault = { status: 503, body: {} };
  const error = await identity().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(GoogleError);
  google.behaviour.fault = undefined;
  expect((await identity()).name).toContain(B);
});
