import { describe, expect, it } from 'vitest';
import {
  explainMissing,
  identityFault,
  identityHint,
  isMissingRepository,
  type Refusal,
} from '../../../../src/adapters/oci/auth/identity-hint.ts';
import type { IdentityFault } from '../../../../src/base/host-fault.ts';
import type { Method } from '../../../../src/http/request.ts';
import type { Credential } from '../../../../src/ports/keychain.ts';
import { identityOf, quiet, repositoryAt } from '../client.ts';

const NOBODY: Credential = { kind: 'anonymous' };
const ALICE: Credential = { kind: 'basic', username: 'alice', password: 'pw' };
const REFRESH: Credential = { kind: 'identity-token', token: 't' };
const READY: Credential = { kind: 'registry-token', token: 't' };
const GOOGLE: Credential = { kind: 'access-token', current: () => Promise.resolve('t'), refuse: () => {} };

const PULL = ['repository:app:pull'];
const PUSH = ['repository:app:pull,push'];
const MOUNT = [...PUSH, 'repository:base:pull'];

/** What is done, and what it needs. */
const READ = { method: 'HEAD', scopes: PULL } as const;
const WIDENED = { method: 'HEAD', scopes: PUSH } as const;
const WRITE = { method: 'PUT', scopes: PUSH } as const;
const MOUNTING = { method: 'POST', scopes: MOUNT } as const;
const LISTING = { method: 'GET', scopes: ['registry:catalog:*'] } as const;

const BY_TOKEN = { judged: 'token' } as const;
const BY_ITSELF = { judged: 'credential' } as const;

type Row = readonly [
  asked: Pick<Refusal, 'method' | 'scopes'>,
  status: 401 | 403,
  judged: Pick<Refusal, 'judged'>,
  credential: Credential,
  expected: string,
];

const REJECTED = 'these credentials were rejected, log in again: docker login r.io';
const AS_ALICE = 'identity user "alice"';
const NONE = 'no credentials are configured for r.io, see docker login';

const ROWS: readonly Row[] = [
  ...[READ, WIDENED, WRITE, MOUNTING, LISTING].flatMap((asked) =>
    ([401, 403] as const).map((status) => [asked, status, BY_ITSELF, NOBODY, NONE] as const),
  ),
  [READ, 401, BY_ITSELF, ALICE, `${AS_ALICE}: ${REJECTED}`],
  [WRITE, 401, BY_ITSELF, ALICE, `${AS_ALICE}: ${REJECTED}`],
  [READ, 401, BY_ITSELF, REFRESH, `identity identity-token: ${REJECTED}`],
  [WRITE, 401, BY_ITSELF, READY, `identity registry-token: ${REJECTED}`],
  ...(
    [
      [403, BY_ITSELF],
      [401, BY_TOKEN],
      [403, BY_TOKEN],
    ] as const
  ).flatMap(([status, judged]): readonly Row[] => [
    [READ, status, judged, ALICE, `${AS_ALICE} needs the right to pull for r.io/app`],
    [WIDENED, status, judged, ALICE, `${AS_ALICE} needs the right to pull and push for r.io/app`],
    [WRITE, status, judged, ALICE, `${AS_ALICE} needs the right to push for r.io/app`],
    [
      MOUNTING,
      status,
      judged,
      ALICE,
      `${AS_ALICE} needs the right to push for r.io/app, and to pull for r.io/base`,
    ],
    [LISTING, status, judged, ALICE, `${AS_ALICE} needs the right to list the repositories of r.io`],
  ]),
  ...([401, 403] as const).flatMap((status): readonly Row[] => [
    [
      READ,
      status,
      BY_ITSELF,
      GOOGLE,
      'identity access-token needs the right to pull for r.io/app, at Artifact Registry roles/artifactregistry.reader',
    ],
    [
      WRITE,
      status,
      BY_TOKEN,
      GOOGLE,
      'identity access-token needs the right to push for r.io/app, at Artifact Registry roles/artifactregistry.writer',
    ],
  ]),
  [{ method: 'HEAD', scopes: ['aws'] }, 403, BY_TOKEN, ALICE, AS_ALICE],
  [{ method: 'GET', scopes: [] }, 403, BY_TOKEN, ALICE, AS_ALICE],
];

describe('a refusal is told with whom it met, what lacks, and what to do', () => {
  it.each(
    ROWS.map(([asked, status, judged, credential, expected]) => ({
      ...asked,
      status,
      ...judged,
      credential,
      expected,
    })),
  )(
    '$method $scopes, $status to $credential.kind, judged by its $judged',
    ({ credential, expected, ...refusal }) => {
      expect(identityHint('r.io', identityOf(credential), refusal)).toBe(expected);
    },
  );

  const ECR = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
  const ECR_LOGIN = 'docker-credential-ecr-login, or aws ecr get-login-password, which is good for 12 hours';
  it.each<[string, Credential, Pick<Refusal, 'method' | 'scopes' | 'status'>, string]>([
    [ECR, NOBODY, { ...READ, status: 401 }, `no credentials are configured for ${ECR}, see ${ECR_LOGIN}`],
    [
      ECR,
      ALICE,
      { ...READ, status: 401 },
      `${AS_ALICE}: these credentials were rejected, log in again: ${ECR_LOGIN}`,
    ],
    [
      ECR,
      ALICE,
      { ...READ, status: 403 },
      `${AS_ALICE} needs the right to pull for ${ECR}/app, at Amazon ECR ecr:BatchGetImage`,
    ],
    [
      ECR,
      ALICE,
      { ...WRITE, status: 403 },
      `${AS_ALICE} needs the right to push for ${ECR}/app, at Amazon ECR ecr:InitiateLayerUpload and ecr:PutImage`,
    ],
    [
      'gcr.io',
      NOBODY,
      { ...READ, status: 403 },
      'no credentials are configured for gcr.io, see gcloud auth configure-docker',
    ],
    [
      'eu-docker.pkg.dev',
      ALICE,
      { ...WRITE, status: 403 },
      `${AS_ALICE} needs the right to push for eu-docker.pkg.dev/app, at Artifact Registry roles/artifactregistry.writer`,
    ],
  ])('in the words of its provider: %s', (host, credential, refusal, expected) => {
    expect(identityHint(host, identityOf(credential), { judged: 'credential', ...refusal })).toBe(expected);
  });
});

describe('the fault of a refused identity', () => {
  it.each<[string, Credential, Pick<Refusal, 'method' | 'scopes' | 'status' | 'judged'>, IdentityFault]>([
    [
      'r.io',
      NOBODY,
      { ...READ, status: 401, ...BY_ITSELF },
      { kind: 'credentials', remedy: 'docker login r.io' },
    ],
    [
      'gcr.io',
      NOBODY,
      { ...READ, status: 403, ...BY_ITSELF },
      { kind: 'credentials', remedy: 'gcloud auth configure-docker' },
    ],
    [
      'r.io',
      ALICE,
      { ...READ, status: 401, ...BY_ITSELF },
      { kind: 'credentials', identity: 'user "alice"', remedy: 'docker login r.io' },
    ],
    [
      'r.io',
      ALICE,
      { ...READ, status: 403, ...BY_TOKEN },
      { kind: 'right', identity: 'user "alice"', remedy: 'the right to pull' },
    ],
    [
      'r.io',
      ALICE,
      { ...WRITE, status: 403, ...BY_TOKEN },
      { kind: 'right', identity: 'user "alice"', remedy: 'the right to push' },
    ],
    [
      'gcr.io',
      ALICE,
      { ...WRITE, status: 403, ...BY_ITSELF },
      { kind: 'right', identity: 'user "alice"', remedy: 'roles/artifactregistry.writer' },
    ],
  ])('at %s, with %o, after %o', (host, credential, refusal, expected) => {
    expect(identityFault(host, identityOf(credential), refusal)).toEqual(expected);
  });
});

describe('a write that is answered 404', () => {
  const repository = repositoryAt({ host: 'r.io' }, 'project/app');
  const CREATE = 'r.io/project/app may have to be created before it is written to';

  it.each<[string, Credential | undefined, string]>([
    ['a host that is open to all', undefined, CREATE],
    ['nobody', NOBODY, `${NONE}; ${CREATE}`],
    ['a user', ALICE, `${AS_ALICE} may lack the right to push; ${CREATE}`],
  ])('is told with what may be missing: %s', (_who, credential, expected) => {
    expect(explainMissing(repository, credential && identityOf(credential)).hint).toBe(expected);
  });

  it.each<[Method, number, readonly string[], boolean]>([
    ['POST', 404, [], true],
    ['POST', 404, ['NAME_UNKNOWN'], true],
    ['PUT', 404, ['NAME_UNKNOWN'], true],
    ['PATCH', 404, ['NAME_UNKNOWN'], true],
    ['POST', 404, ['BLOB_UNKNOWN'], false],
    ['PUT', 404, ['MANIFEST_BLOB_UNKNOWN'], false],
    ['PUT', 404, [], false],
    ['PATCH', 404, ['BLOB_UPLOAD_UNKNOWN'], false],
    ['GET', 404, ['NAME_UNKNOWN'], false],
    ['HEAD', 404, [], false],
    ['DELETE', 404, ['NAME_UNKNOWN'], false],
    ['POST', 400, ['NAME_UNKNOWN'], false],
  ])('means the repository, or not: %s, %i, %j', (method, status, codes, expected) => {
    const url = new URL('https://r.io/v2/project/app/blobs/uploads/');
    const request = { method, url, host: 'r.io', repository, headers: {}, scopes: PUSH, signal: quiet() };
    const body = Buffer.from(JSON.stringify({ errors: codes.map((code) => ({ code })) }));
    expect(isMissingRepository(request, { status, headers: {}, url, body })).toBe(expected);
  });
});
