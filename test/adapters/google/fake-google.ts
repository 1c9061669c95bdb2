import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import { parseJsonObject } from '../../../src/base/json.ts';
import type { Clock } from '../../../src/ports/clock.ts';

export const TOKEN_CREATOR = 'roles/iam.serviceAccountTokenCreator';
/** In every secret of these tests, so that one search finds them all. */
export const CANARY = 'c4n4ry';
export const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

const pair = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
export const PRIVATE_KEY = pair.privateKey;

/** What the fake does; a test may change it as it runs. */
export interface FakeBehaviour {
  /** Of the metadata server; undefined: the machine has no service account. */
  email: string | undefined;
  /** Of the metadata server. */
  scopes: readonly string[];
  /** Seconds that every token lives. */
  lifetime: number;
  /** What every question is answered with instead; AUTHORIZATION in it becomes that header of the question. */
  fault: { status: number; body: unknown } | 'silence' | undefined;
  /** `by → whom` of impersonations that are refused. */
  denied: ReadonlySet<string>;
  /** Times that impersonated tokens end at are of this clock. */
  clock: Clock;
}

export interface FakeGoogle {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** What was asked, in order: `jwt ACCOUNT`, `impersonate BY → WHOM`, `metadata /path`, … */
  readonly asked: readonly string[];
  /** `x-goog-user-project` of the last impersonation. */
  readonly quotaProject: string | undefined;
  /** Claims of the last assertion. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly behaviour: FakeBehaviour;
}

/**
 * The endpoints of Google that make tokens, on one port: the metadata server, the OAuth token endpoint (JWT grant and
 * refresh token), the token exchange of workload identity federation, generateAccessToken and generateIdToken. Each
 * access token says whose it is and its number: `c4n4ry.ACCOUNT.1`.
 *
 * @see https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys
 * @see https://datatracker.ietf.org/doc/html/rfc7523
 * @see https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
 * @see https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
 */
export async function fakeGoogle(clock: Clock): Promise<FakeGoogle> {
  const asked: string[] = [];
  const seen: { quotaProject: string | undefined; claims: Record<string, unknown> } = {
    quotaProject: undefined,
    claims: {},
  };
  const behaviour: FakeBehaviour = {
    email: undefined,
    scopes: ['https://www.googleapis.com/auth/cloud-platform'],
    lifetime: 3600,
    fault: undefined,
    denied: new Set(),
    clock,
  };
  const owners = new Map<string, string>();
  const makeToken = (owner: string): string => {
    const token = `${CANARY}.${owner}.${owners.size + 1}`;
    owners.set(token, owner);
    return token;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await readText(request);
    const { pathname } = new URL(request.url ?? '', 'http://x');
    const json = (status: number, value: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));

    if (pathname.startsWith('/computeMetadata/v1/')) return answerMetadata(request, response, pathname);
    const form = new URLSearchParams(body);
    if (pathname === '/token' && form.get('assertion') !== null) {
      const claims = readAssertion(form.get('assertion') ?? '');
      seen.claims = claims;
      asked.push(`jwt ${String(claims['iss'])}`);
      return faulty(response) || json(200, tokenAnswer(makeToken(String(claims['iss']))));
    }
    if (pathname === '/token') {
      asked.push(`${form.get('grant_type')} ${form.get('client_id')}`);
      return faulty(response) || json(200, tokenAnswer(makeToken(`user-${form.get('client_id')}`)));
    }
    if (pathname === '/sts') {
      asked.push(`sts ${form.get('subject_token')?.length} ${form.get('audience')}`);
      return (
        faulty(response) || json(200, { ...tokenAnswer(makeToken('federated')), issued_token_type: TYPE })
      );
    }
    const [, whom, task] =
      /^\/v1\/projects\/-\/serviceAccounts\/([^/]+):(generateAccessToken|generateIdToken)$/.exec(pathname) ??
      [];
    if (whom === undefined)
      return json(418, { error: { message: `unexpected ${request.method} ${pathname}` } });
    const by = owners.get(request.headers.authorization?.replace('Bearer ', '') ?? '') ?? 'nobody';
    const edge = `${by} → ${decodeURIComponent(whom)}`;
    asked.push(`${task === 'generateIdToken' ? 'identify' : 'impersonate'} ${edge}`);
    seen.quotaProject = request.headers['x-goog-user-project']?.toString();
    if (faulty(response)) return undefined;
    if (behaviour.denied.has(edge)) return json(403, DENIED);
    const wish = parseJsonObject(body) ?? {};
    if (task === 'generateIdToken') return json(200, { token: `${CANARY}.${JSON.stringify(wish)}` });
    if (wish['lifetime'] !== '3600s' || JSON.stringify(wish['scope']) !== JSON.stringify([SCOPE]))
      return json(400, { error: { message: 'unexpected wish' } });
    const expireTime = new Date(behaviour.clock.wallTime() + behaviour.lifetime * 1000).toISOString();
    return json(200, { accessToken: makeToken(decodeURIComponent(whom)), expireTime });
  };

  const tokenAnswer = (token: string) => ({
    access_token: token,
    expires_in: behaviour.lifetime,
    token_type: 'Bearer',
  });

  const faulty = (response: ServerResponse): boolean => {
    if (behaviour.fault === undefined) return false;
    if (behaviour.fault === 'silence') return true;
    const { status, body } = behaviour.fault;
    const text = JSON.stringify(body).replace('AUTHORIZATION', response.req.headers.authorization ?? '');
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
    return true;
  };

  const answerMetadata = (request: IncomingMessage, response: ServerResponse, pathname: string) => {
    const path = pathname.slice('/computeMetadata/v1'.length);
    asked.push(`metadata ${path}`);
    const headers = { 'metadata-flavor': 'Google' };
    if (request.headers['metadata-flavor'] !== 'Google') return response.writeHead(403).end();
    if (faulty(response)) return undefined;
    if (path === '/instance') return response.writeHead(200, headers).end('id/');
    if (behaviour.email === undefined) return response.writeHead(404, headers).end();
    if (path === '/instance/service-accounts/default/email') {
      return response.writeHead(200, headers).end(behaviour.email);
    }
    if (path === '/instance/service-accounts/default/scopes') {
      return response.writeHead(200, headers).end(`${behaviour.scopes.join('\n')}\n`);
    }
    if (path === '/instance/service-accounts/default/token') {
      const text = JSON.stringify(tokenAnswer(makeToken(behaviour.email)));
      return response.writeHead(200, { ...headers, 'content-type': 'application/json' }).end(text);
    }
    return response.writeHead(404, headers).end();
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.writeHead(418, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: String(error) } }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const host = `127.0.0.1:${address.port}`;
  return {
    host,
    url: `http://${host}`,
    asked,
    get quotaProject() {
      return seen.quotaProject;
    },
    get claims() {
      return seen.claims;
    },
    behaviour,
  };
}

const TYPE = 'urn:ietf:params:oauth:token-type:access_token';

/** What IAM answers who may not impersonate. */
const DENIED = {
  error: {
    code: 403,
    message: "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
    status: 'PERMISSION_DENIED',
  },
};

/** The claims of a JWT; throws where it is not signed by the key of these tests. */
function readAssertion(assertion: string): Record<string, unknown> {
  const [head = '', claims = '', signature = ''] = assertion.split('.');
  const signed = Buffer.from(`${head}.${claims}`);
  const key = createPublicKey(pair.publicKey);
  if (!verify('RSA-SHA256', signed, key, Buffer.from(signature, 'base64url'))) {
    throw new Error('the assertion is not signed by the key');
  }
  return { ...parseJsonObject(Buffer.from(claims, 'base64url')) };
}

async function readText(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece); // nobody sets an encoding
  return Buffer.concat(pieces).toString('utf8');
}
