import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CANARY, type FakeGoogle, fakeGoogle, PRIVATE_KEY } from '../../adapters/google/fake-google.ts';
import { keyOf } from '../../adapters/google/scene.ts';
import { multiArch, push } from '../../builders/images.ts';
import { testdir } from '../../builders/testdir.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { runCip } from '../../doubles/run-cip.ts';
import { CLOSED_HOST, embedded, imagesOf, manifestFlag } from '../staging.ts';
import { base64Cores } from './canaries.ts';
import { startRecordingProxy } from './recording-proxy.ts';

const ACCOUNT = 'promoter@prod.iam.gserviceaccount.com';
const CONTENT = multiArch('google', { platforms: 2 });
/** Lines of the key, without those that every key has. */
const KEY_LINES = PRIVATE_KEY.split('\n').filter((line) => line !== '' && !line.startsWith('---'));
const SECRETS = [CANARY, ...base64Cores(CANARY), ...KEY_LINES];

interface Way {
  /** The file of credentials. */
  readonly file?: (google: FakeGoogle, folder: string) => object;
  readonly env?: (google: FakeGoogle, file: string) => Record<string, string>;
  readonly args?: (file: string) => readonly string[];
}

const metadata = ({ host }: FakeGoogle) => ({
  GCE_METADATA_HOST: host,
  METADATA_SERVER_DETECTION: 'assume-present',
});
const asDefault = (_: FakeGoogle, file: string) => ({ GOOGLE_APPLICATION_CREDENTIALS: file });

const WAYS: Readonly<Record<string, Way>> = {
  'a key file': { file: (google) => keyOf(ACCOUNT, google), args: (file) => [`-key-files=${file}`] },
  // the library then makes an agent for the proxy, though requests go over src/http
  'a key file beside a proxy': {
    file: (google) => keyOf(ACCOUNT, google),
    env: () => ({ HTTPS_PROXY: `http://${CLOSED_HOST}`, NO_PROXY: '' }),
    args: (file) => [`-key-files=${file}`],
  },
  'a key file by default': { file: (google) => keyOf(ACCOUNT, google), env: asDefault },
  'the metadata server': { env: metadata },
  'workload identity federation': {
    file: ({ url }, folder) => ({
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${url}/sts`,
      service_account_impersonation_url: `${url}/v1/projects/-/serviceAccounts/${ACCOUNT}:generateAccessToken`,
      credential_source: { file: join(folder, 'subject') },
    }),
    env: asDefault,
  },
};

/** Runs a dry run and a promotion at every level; all that they said. */
async function promote({ file, env, args }: Way, { fault }: { fault: FakeGoogle['behaviour']['fault'] }) {
  const google = await fakeGoogle(new FakeClock());
  google.behaviour.email = ACCOUNT;
  google.behaviour.fault = fault;
  const registry = await embedded();
  push(registry, 'from/app', CONTENT, 'v1');
  const asked = { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } };
  const front = await startRecordingProxy(registry.host, ({ authorization }) =>
    authorization === undefined ? asked : undefined,
  );
  const folder = await testdir({ subject: `${CANARY}-subject` });
  const path = join(folder, 'credentials.json');
  writeFileSync(path, JSON.stringify(file?.(google, folder) ?? {}));
  const surroundings = env?.(google, path) ?? {};
  const names = [`"${front.host}/from"\n  src: true`, `"${front.host}/to"`];
  const registries = names.map((name) => `- name: ${name}\n  service-account: ${ACCOUNT}\n`).join('');
  const images = imagesOf({ app: { [CONTENT.manifest.digest]: ['v1'] } });
  const flag = await manifestFlag(`registries:\n${registries}images:\n${images}`);
  let said = '';
  const statuses = [];
  for (const format of ['text', 'json']) {
    for (const confirm of [[], ['-confirm']]) {
      const flags = [flag, '-log-level=debug', `-log-format=${format}`, '-report=-', '-report-all'];
      const debug = { CIP_DEBUG: '1', GOOGLE_SDK_NODE_LOGGING: '*', NODE_DEBUG: '', NO_PROXY: '*' };
      const run = await runCip([...flags, ...confirm, ...(args?.(path) ?? [])], {
        env: { METADATA_SERVER_DETECTION: 'none', ...debug, ...surroundings },
      });
      statuses.push(run.status);
      said += run.stdout + run.stderr;
    }
  }
  const sent = front.requests.map(({ authorization = '' }) =>
    Buffer.from(authorization.replace('Basic ', ''), 'base64').toString(),
  );
  return { said, statuses, sent: new Set(sent.filter(Boolean)) };
}

function leaksIn(text: string): string[] {
  return SECRETS.filter((secret) => text.includes(secret));
}

describe.each(Object.entries(WAYS))('an account of Google by %s', (_name, way) => {
  it('promotes, and leaves no secret in any output', async () => {
    const { said, statuses, sent } = await promote(way, { fault: undefined });
    expect(statuses, said).toEqual([0, 0, 0, 0]);
    expect([...sent].every((pair) => pair.startsWith(`oauth2accesstoken:${CANARY}.${ACCOUNT}.`))).toBe(true);
    expect(sent.size).toBeGreaterThan(0);
    expect(said).toContain(ACCOUNT);
    expect(leaksIn(said)).toEqual([]);
  });

  it('leaves none where Google repeats what it was sent', async () => {
    const message = 'no: AUTHORIZATION';
    const { said, statuses } = await promote(way, {
      fault: { status: 403, body: { error: 'denied', error_description: message, error_message: message } },
    });
    expect(statuses, said).toContain(1);
    expect(said).toMatch(/403/);
    expect(leaksIn(said)).toEqual([]);
  });
});
