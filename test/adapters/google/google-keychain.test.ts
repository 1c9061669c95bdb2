// Covers src/adapters/google/account-token.ts
// Covers src/adapters/google/default-credentials.ts
// Covers src/adapters/google/default-identity.ts
// Covers src/adapters/google/gcloud-token.ts

import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { ANONYMOUS } from '../../../src/ports/keychain.ts';
import { CANARY, type FakeGoogle, SCOPE } from './fake-google.ts';
import { A, B, keyOf, REGISTRY, REPOSITORY, refusalOf, repository, scene } from './scene.ts';

const MINUTE = 60_000;

function userFile(google: FakeGoogle) {
  return {
    type: 'authorized_user',
    client_id: 'alice',
    client_secret: `GOCSPX-${CANARY}`,
    refresh_token: `1//${CANARY}`,
    token_uri: `${google.url}/token`,
    quota_project_id: 'payer',
  };
}

/** Workload identity federation whose subject token is in a file. */
function federation(google: FakeGoogle, folder: string, account?: string) {
  return {
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/ci',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${google.url}/sts`,
    credential_source: { file: join(folder, 'subject') },
    ...(account === undefined
      ? {}
      : {
          service_account_impersonation_url: `${google.url}/v1/projects/-/serviceAccounts/${account}:generateAccessToken`,
        }),
  };
}

describe('a repository', () => {
  it('that no account is bound to is anonymous, and nobody is asked', async () => {
    const { identity, google } = await scene({ machine: A });
    expect(await identity(repository('eu.gcr.io/other/app'))).toBe(ANONYMOUS);
    expect(google.asked).toEqual([]);
  });

  it('that an account is bound to goes by its name, and nobody is asked yet', async () => {
    const { identity, google } = await scene({ machine: A });
    expect((await identity()).name).toBe(`service account ${A}`);
    expect(google.asked).toEqual([]);
  });

  it('shares its host with another that is bound to another account', async () => {
    const { identity, token, google } = await scene({
      accounts: { 'eu.gcr.io/prod': A, 'eu.gcr.io/stage': 'other@stage.iam.gserviceaccount.com' },
      machine: B,
    });
    const stage = repository('eu.gcr.io/stage/app');
    expect([(await identity()).name, (await identity(stage)).name]).toEqual([
      `service account ${A}`,
      'service account other@stage.iam.gserviceaccount.com',
    ]);
    expect(await token()).toContain(A);
    expect(await token(stage)).toContain('other@stage');
    expect(google.asked.filter((line) => line.endsWith('/token'))).toHaveLength(1); // of B, for both
  });
});

describe('a key file', () => {
  it('of the account is exchanged for a token, whatever else runs', async () => {
    const { token, google } = await scene({
      machine: B,
      files: (google) => ({ 'a.json': keyOf(A, google) }),
      keyFiles: ['a.json'],
    });
    expect(await token()).toBe(`${CANARY}.${A}.1`);
    expect(google.asked).toEqual([`jwt ${A}`]);
    expect(google.claims).toMatchObject({ iss: A, scope: SCOPE, aud: `${google.url}/token` });
    expect(Number(google.claims['exp']) - Number(google.claims['iat'])).toBe(3600);
  });

  it('of another account does not help', async () => {
    const { refusal } = await scene({
      files: (google) => ({ 'b.json': keyOf(B, google) }),
      keyFiles: ['b.json'],
    });
    expect((await refusal()).message).toContain('-key-files has no key of it');
  });

  it('that Google does not know any more is an error that names it', async () => {
    const { refusal, google, folder } = await scene({
      files: (google) => ({ 'a.json': keyOf(A, google) }),
      keyFiles: ['a.json'],
    });
    const error_description = `Invalid JWT Signature: eyJhbGciOi.${CANARY}.x`;
    google.behaviour.fault = { status: 400, body: { error: 'invalid_grant', error_description } };
    const error = await refusal();
    expect(error.code).toBe('refused');
    expect(error.message).toBe(
      `service account ${A}: its key in ${join(folder, 'a.json')}: 400: invalid_grant: Invalid JWT Signature: …`,
    );
  });
});

describe('application default credentials', () => {
  it('of the account itself are used as they are', async () => {
    const { token, google } = await scene({ machine: A });
    expect(await token()).toBe(`${CANARY}.${A}.1`);
    expect(google.asked).toEqual([
      'metadata /instance',
      'metadata /instance/service-accounts/default/email',
      'metadata /instance/service-accounts/default/token',
    ]);
  });

  it('of another account impersonate it, once for all who wait', async () => {
    const { token, google } = await scene({ machine: B });
    const tokens = await Promise.all(Array.from({ length: 20 }, () => token()));
    expect(new Set(tokens)).toEqual(new Set([`${CANARY}.${A}.2`]));
    expect(google.asked.slice(2)).toEqual([
      'metadata /instance/service-accounts/default/token',
      `impersonate ${B} → ${A}`,
    ]);
  });

  it('of a machine that is no service account impersonate it too', async () => {
    const { token, google } = await scene({ machine: 'p.svc.id.goog' });
    expect(await token()).toContain(A);
    expect(google.asked.at(-1)).toBe(`impersonate p.svc.id.goog → ${A}`);
  });

  it('that are a key of the account are used as they are', async () => {
    const { token, google } = await scene({
      files: (google) => ({ 'adc.json': keyOf(A, google) }),
      credentials: 'adc.json',
    });
    expect(await token()).toContain(A);
    expect(google.asked).toEqual([`jwt ${A}`]);
  });

  it('that are a key of another account impersonate it', async () => {
    const { token, google } = await scene({
      files: (google) => ({ 'adc.json': keyOf(B, google) }),
      credentials: 'adc.json',
    });
    expect(await token()).toContain(A);
    expect(google.asked).toEqual([`jwt ${B}`, `impersonate ${B} → ${A}`]);
  });

  it('of a person, as gcloud keeps them, impersonate it and say who pays', async () => {
    const { token, google } = await scene({
      files: (google) => ({ 'home/.config/gcloud/application_default_credentials.json': userFile(google) }),
    });
    expect(await token()).toContain(A);
    expect(google.asked).toEqual(['refresh_token alice', `impersonate user-alice → ${A}`]);
    expect(google.quotaProject).toBe('payer');
  });

  it('of a person who has to log in again are an error that says so', async () => {
    const { refusal, google, folder } = await scene({
      files: (google) => ({ 'adc.json': userFile(google) }),
      credentials: 'adc.json',
    });
    google.behaviour.fault = { status: 400, body: { error: 'invalid_grant' } };
    expect((await refusal()).message).toBe(
      `service account ${A}: cannot be impersonated: the user of ${join(folder, 'adc.json')}: 400: invalid_grant; ` +
        'log in again: gcloud auth application-default login',
    );
  });

  it('that impersonate the account already are used as they are', async () => {
    const { token, google } = await scene({
      files: (google) => ({
        'adc.json': {
          type: 'impersonated_service_account',
          source_credentials: userFile(google),
          service_account_impersonation_url: `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${A}:generateAccessToken`,
          delegates: [],
        },
      }),
      credentials: 'adc.json',
    });
    expect(await token()).toContain(A);
    expect(google.asked).toEqual(['refresh_token alice', `impersonate user-alice → ${A}`]);
  });

  it('may be the federated identity of a workload, which impersonates it', async () => {
    const staged = await federated(undefined);
    expect(await staged.token()).toContain(A);
    expect(staged.google.asked).toEqual([
      'sts 15 //iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/ci',
      `impersonate federated → ${A}`,
    ]);
  });

  it.each([
    ['the account itself, as it is', A],
    ['another account, which impersonates it', B],
  ])('may be a federated workload that is %s', async (_what, account) => {
    const staged = await federated(account);
    expect(await staged.token()).toContain(A);
    expect(staged.google.asked.slice(1)).toEqual(
      account === A
        ? [`impersonate federated → ${A}`]
        : [`impersonate federated → ${B}`, `impersonate ${B} → ${A}`],
    );
  });

  it('of a workload without its subject token are an error that names the file', async () => {
    const { refusal, folder } = await scene({
      files: (google) => ({ 'adc.json': federation(google, '/nowhere') }),
      credentials: 'adc.json',
    });
    const { message } = await refusal();
    expect(message).toContain(`service account ${A}: cannot be impersonated: the federated identity of`);
    expect(message).toContain(join(folder, 'adc.json'));
    expect(message).toContain('/nowhere/subject');
  });

  it('of a machine whose metadata server fails are an error that names the account', async () => {
    const { refusal, google } = await scene({ machine: B });
    vi.stubEnv('METADATA_SERVER_DETECTION', 'assume-present');
    google.behaviour.fault = { status: 400, body: { error: 'bad' } };
    const error = await refusal();
    expect(error.code).toBe('refused');
    expect(error.message).toBe(`service account ${A}: metadata server: 400: {"error":"bad"}`);
  });

  it('are not asked for through a proxy where they are those of the machine', async () => {
    const { token } = await scene({ machine: A });
    vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:1');
    expect(await token()).toContain(A);
  });

  it.each([
    ['is missing', undefined, 'GOOGLE_APPLICATION_CREDENTIALS: cannot read "PATH": ENOENT'],
    ['is not JSON', CANARY, '"PATH": expected a JSON object, as gcloud'],
    [
      'is of no known type',
      { type: CANARY },
      '"PATH": expected "type" to be service_account, authorized_user,',
    ],
    ['is a key without key', { type: 'service_account', client_email: B }, '"PATH": expected "private_key"'],
    [
      'is half a user',
      { type: 'authorized_user', client_id: CANARY },
      'expected "client_id", "client_secret" and',
    ],
    ['has no source', { type: 'external_account', audience: CANARY }, 'the federated identity of PATH: '],
    [
      'impersonates nobody',
      { type: 'impersonated_service_account', service_account_impersonation_url: CANARY },
      'expected "service_account_impersonation_url"',
    ],
  ])('in a file that %s are an error that does not repeat it', async (_what, content, message) => {
    const staged = await scene({
      files: () => (content === undefined ? {} : { 'adc.json': content }),
      credentials: 'adc.json',
    });
    const error = await staged.refusal();
    expect(error.code).toBe('credentials-file');
    expect(error.message).toContain(message.replace('PATH', join(staged.folder, 'adc.json')));
    expect(staged.google.asked).toEqual([]);
  });

  /** A scene with workload identity federation: the file names another file of the same folder. */
  async function federated(account: string | undefined) {
    const files: Record<string, unknown> = { subject: `${CANARY}-subject0` };
    const secrets = await scene({ files: () => files });
    return scene({
      files: (google) => ({ 'adc.json': federation(google, secrets.folder, account) }),
      credentials: 'adc.json',
    });
  }
});

describe('a token', () => {
  it('is kept until five minutes before its end', async () => {
    const { token, clock, google } = await scene({ machine: B });
    const first = await token();
    clock.advance(54 * MINUTE);
    expect(await token()).toBe(first);
    clock.advance(2 * MINUTE);
    expect(await token()).not.toBe(first);
    expect(google.asked.filter((line) => line === `impersonate ${B} → ${A}`)).toHaveLength(2);
  });

  it('is not believed to live longer than an hour', async () => {
    const { token, clock, google } = await scene({ machine: B });
    google.behaviour.lifetime = 12 * 3600;
    const first = await token();
    clock.advance(56 * MINUTE);
    expect(await token()).not.toBe(first);
  });

  it('is used to its end when it cannot be renewed, and no longer', async () => {
    const { token, clock, google, logged, refusal } = await scene({ machine: B });
    const first = await token();
    google.behaviour.denied = new Set([`${B} → ${A}`]);
    clock.advance(56 * MINUTE);
    expect(await token()).toBe(first);
    expect(logged.at(-1)).toContain('google token not renewed, the old one still lives');
    clock.advance(5 * MINUTE);
    expect((await refusal()).code).toBe('denied');
  });

  it('that nobody gives in time is an error', async () => {
    const { refusal, google, folder } = await scene({
      files: (google) => ({ 'a.json': keyOf(A, google) }),
      keyFiles: ['a.json'],
      options: { requestLimit: 40 },
    });
    google.behaviour.fault = 'silence';
    const error = await refusal();
    expect(error.code).toBe('unavailable');
    expect(error.message).toBe(
      `service account ${A}: its key in ${join(folder, 'a.json')}: no answer within 40 ms`,
    );
  });

  it('is not waited for when the signal was aborted, while others wait on', async () => {
    const { token, google } = await scene({ machine: B });
    const stop = new AbortController();
    const reason = new Error('enough');
    const left = token(REPOSITORY, stop.signal);
    const stays = token();
    stop.abort(reason);
    await expect(left).rejects.toBe(reason);
    expect(await stays).toContain(A);
    await expect(token(REPOSITORY, stop.signal)).rejects.toBe(reason);
    expect(google.asked.filter((line) => line.startsWith('impersonate'))).toHaveLength(1);
  });
});

describe('an impersonation that is refused', () => {
  it('names the account, who asked, and what is missing', async () => {
    const { refusal, google } = await scene({ machine: B });
    google.behaviour.denied = new Set([`${B} → ${A}`]);
    const error = await refusal();
    expect(error.code).toBe('denied');
    expect(error.message).toBe(
      `service account ${A}: impersonation by service account ${B} of the metadata server: 403: ` +
        "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).; " +
        `it needs the permission iam.serviceAccounts.getAccessToken, which roles/iam.serviceAccountTokenCreator on ${A} gives`,
    );
  });

  it('is not asked for again for a minute', async () => {
    const { refusal, token, google, clock } = await scene({ machine: B });
    google.behaviour.denied = new Set([`${B} → ${A}`]);
    expect(await refusal()).toBe(await refusal());
    expect(google.asked.filter((line) => line.startsWith('impersonate'))).toHaveLength(1);
    google.behaviour.denied = new Set();
    clock.advance(MINUTE);
    expect(await token()).toContain(A);
  });

  it('is not told in the words of a server that repeats secrets', async () => {
    const { refusal, google } = await scene({
      files: (google) => ({ 'adc.json': userFile(google) }),
      credentials: 'adc.json',
    });
    const message = `1//${CANARY} GOCSPX-${CANARY} ya29.${CANARY} ${'x'.repeat(50)}`;
    google.behaviour.fault = { status: 403, body: { error: { code: 403, message } } };
    expect((await refusal()).message).toContain('403: … … … …');
  });

  it('is not told in the words of a server that repeats the token of who asks', async () => {
    const { refusal, google, clock } = await scene({ machine: B });
    google.behaviour.denied = new Set([`${B} → ${A}`]);
    await refusal(); // the token of who asks is there now
    clock.advance(MINUTE);
    google.behaviour.fault = { status: 403, body: { error: { code: 403, message: 'no AUTHORIZATION' } } };
    expect((await refusal()).message).toContain('403: no Bearer …; it needs');
  });

  it.each(['not an address', 'a@b/../c@d', '-x@y', 'a@b?c', ' '])(
    'is not even tried for the account %j',
    async (account) => {
      const { token, google } = await scene({ accounts: { [REGISTRY]: account }, machine: B });
      expect((await refusalOf(token())).code).toBe('account-name');
      expect(google.asked).toEqual([]);
    },
  );
});

describe('gcloud, where nothing else is', () => {
  it.each([
    ['no metadata server', undefined],
    ['a machine without an identity', 'nobody'],
  ])('gives a token: %s', async (_what, machine) => {
    const { token, clock } = await scene({
      ...(machine === undefined ? {} : { machine }),
      gcloud: `echo "$@" >> "\${0%/*}/asked"\necho "ya29.${CANARY}.$3"`,
    });
    const first = await token();
    expect(first).toBe(`ya29.${CANARY}.--account=${A}`);
    clock.advance(MINUTE);
    expect(await token()).toBe(first);
  });

  it('that fails is an error in its own words, without a token', async () => {
    const { refusal } = await scene({
      gcloud: `echo "ya29.${CANARY}"\necho "ERROR: (gcloud.auth) no valid credentials: ya29.${CANARY}" >&2\nexit 1`,
    });
    const error = await refusal();
    expect(error.code).toBe('gcloud');
    expect(error.message).toContain(
      `gcloud auth print-access-token --account=${A}: exit 1: ERROR: (gcloud.auth) no valid credentials: …; run gcloud`,
    );
  });

  it.each([
    ['a traceback', `echo "Traceback: ${CANARY}" >&2; exit 1`, 'run it to see why'],
    [
      'a warning and two errors',
      `echo "WARNING: ${CANARY}\nERROR: (gcloud.auth) log in again\nERROR: ${CANARY}" >&2; exit 1`,
      'ERROR: (gcloud.auth) log in again',
    ],
    [
      'a long error',
      `echo "ERROR: (gcloud.auth) ${'no '.repeat(100)}" >&2; exit 1`,
      `${'ERROR: (gcloud.auth) '.padEnd(200, 'no ')}…`,
    ],
  ])('of whose words only its own error is repeated, and not much: %s', async (_what, gcloud, words) => {
    const { refusal } = await scene({ gcloud });
    const error = await refusal();
    expect(error.message).toContain(
      `gcloud auth print-access-token --account=${A}: exit 1: ${words}; run gcloud`,
    );
  });

  it('is not waited for longer than it lives: what it started may keep its output open', async () => {
    const { token } = await scene({
      gcloud: `/bin/sleep 3 &\necho "ya29.${CANARY}"`,
      options: { gcloudLimit: 2000 },
    });
    expect(await token()).toBe(`ya29.${CANARY}`);
  });

  it('that hangs is an error', async () => {
    // what it waits for outlives it and keeps its output open
    const { refusal } = await scene({ gcloud: '/bin/sleep 5 & wait', options: { gcloudLimit: 40 } });
    const error = await refusal();
    expect(error.code).toBe('gcloud');
    expect(error.message).toContain('no answer within 40 ms');
  });

  it('that prints something else is an error that does not repeat it', async () => {
    const { refusal } = await scene({ gcloud: `echo "${CANARY} with spaces"` });
    expect((await refusal()).message).toContain('it printed no token');
  });

  it('is not waited for when the signal was aborted', async () => {
    const { token } = await scene({ gcloud: '/bin/sleep 5 & wait' });
    const stop = new AbortController();
    const reason = new Error('enough');
    const asked = token(REPOSITORY, stop.signal);
    stop.abort(reason);
    await expect(asked).rejects.toBe(reason);
  });

  it('not either is an error that names the account, what was tried and what to do', async () => {
    const { refusal, folder } = await scene();
    const error = await refusal();
    expect(error.code).toBe('no-credentials');
    expect(error.message).toBe(
      `service account ${A}: no credentials: -key-files is not given, GOOGLE_APPLICATION_CREDENTIALS is not set, ` +
        `${folder}/home/.config/gcloud/application_default_credentials.json is not there, no metadata server answers, ` +
        'gcloud is not in PATH; run gcloud auth application-default login as somebody with ' +
        `roles/iam.serviceAccountTokenCreator on ${A}, or give its key with -key-files`,
    );
  });
});
