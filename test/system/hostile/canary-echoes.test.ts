import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import { DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { testdir } from '../../builders/testdir.ts';
import { runCip, temporaryDirectory } from '../../doubles/run-cip.ts';
import { manifestFlag } from '../staging.ts';
import { canary, findLeaks } from './canaries.ts';

const PASSWORD = canary('password');
/** Fit for a tag, a repository and a host as well. */
const NAME = 'canary-password.x1';

interface Asked {
  readonly line: string;
  /** What it was sent, in every form that a header or a body may have. */
  readonly echo: string;
  readonly password: string;
  readonly host: string;
}

interface Told {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A server that asks for a password, and answers so to whoever gives one. */
async function echoing(password: string, answer: (asked: Asked) => Told): Promise<string> {
  const server = createServer((incoming, outgoing) => void respond(incoming, outgoing));
  const respond = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    incoming.resume();
    const { authorization, host = '' } = incoming.headers;
    const line = `${incoming.method} ${incoming.url}`;
    const given = [authorization, password, encodeURIComponent(password)];
    // a header holds bytes
    const echo = Buffer.from(given.join(' ')).toString('latin1');
    const told =
      authorization === undefined
        ? { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } }
        : answer({ line, echo, password, host });
    outgoing.writeHead(told.status, { connection: 'close', ...('headers' in told ? told.headers : {}) });
    outgoing.end('body' in told ? told.body : '');
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function loggedIn(host: string, password: string) {
  const auth = Buffer.from(`alice:${password}`).toString('base64');
  const DOCKER_CONFIG = await testdir({ 'config.json': JSON.stringify({ auths: { [host]: { auth } } }) });
  return { DOCKER_CONFIG, CIP_DEBUG: '1', NODE_DEBUG: '' };
}

/** All that runs leave behind: what they say, and their reports. */
async function outputOf(runs: readonly (readonly string[])[], env: Record<string, string>): Promise<string> {
  let all = '';
  for (const args of runs) {
    const cwd = temporaryDirectory();
    const run = await runCip(args, { env, cwd });
    const files = ['r.json', 'r.md'].map((name) => join(cwd, name)).filter((file) => existsSync(file));
    all += [run.stdout, run.stderr, ...files.map((file) => readFileSync(file, 'utf8'))].join('\n');
  }
  return all;
}

const MANIFEST = JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, layers: [] });
const WANTED = digestOf(Buffer.from(MANIFEST));

/** A promotion in either format and a verification. */
async function promotions(host: string, digest = WANTED): Promise<readonly (readonly string[])[]> {
  const flag = await manifestFlag({
    from: `${host}/from`,
    to: [`${host}/to`],
    images: { app: { [digest]: ['v1'] } },
  });
  const common = [flag, '-log-level=debug', '-report=r.json', '-report-markdown=r.md', '-report-all'];
  return [
    [...common, '-confirm'],
    [...common, '-log-format=json'],
    ['verify', flag, '-deep', '-log-level=debug', '-report=r.json', '-report-markdown=r.md'],
  ];
}

function snapshots(host: string): readonly (readonly string[])[] {
  const of = `${host}/from/app`;
  return [
    [`-snapshot=${of}`, '-log-level=debug'],
    [`-snapshot=${of}`, '-output-format=csv', '-log-format=json'],
    ['diff', of, `${host}/to/app`],
  ];
}

const refusal = (told: Partial<Told>): Told => ({ status: 403, ...told });
const json = (value: unknown): string => JSON.stringify(value);
const errorWith = (error: object): Told => refusal({ body: json({ errors: [error] }) });

const IN_REFUSALS: Readonly<Record<string, (asked: Asked) => Told>> = {
  'the code of an error': ({ password }) => errorWith({ code: password, message: 'no' }),
  'the message of an error': ({ echo }) => errorWith({ code: 'DENIED', message: echo }),
  'the detail of an error': ({ password, echo }) =>
    errorWith({
      code: 'DENIED',
      message: 'no',
      detail: { said: json({ password, echo }), list: [password] },
    }),
  'an error that is cut off': ({ password }) =>
    errorWith({ code: 'DENIED', message: `${'x'.repeat(190)}${password}` }),
  'plain text': ({ password, echo }) => refusal({ body: `<p>you said ${password}, ${echo}</p>` }),
  'plain text that is cut off': ({ password }) => refusal({ body: `${'<br>'.repeat(253)}${password}` }),
  'plain text of which only a piece is read': ({ password }) =>
    refusal({ body: `${'<br>'.repeat(16_381)}${password}` }),
  'a challenge': ({ echo }) => ({
    status: 401,
    headers: { 'www-authenticate': `${echo}, Bearer realm="${echo}",service="${echo}"` },
  }),
  'a realm': ({ host, password }) => ({
    status: 401,
    headers: {
      'www-authenticate': `Bearer realm="http://${host}/${encodeURIComponent(password)}",service="x"`,
    },
  }),
  'a time to wait': ({ echo }) => refusal({ headers: { 'retry-after': echo, warning: `299 - "${echo}"` } }),
  'the name of a header': () => refusal({ headers: { [`x-${NAME}`]: NAME } }),
};

const IN_ANSWERS: Readonly<Record<string, (asked: Asked) => Told>> = {
  'a digest': ({ echo }) => ({ status: 200, headers: { 'docker-content-digest': echo } }),
  'a digest of what was written': ({ line, echo }) =>
    line.startsWith('PUT') || line.startsWith('POST')
      ? { status: 201, headers: { 'docker-content-digest': echo, location: '/x' } }
      : served(line, MANIFEST),
  'a media type': ({ line, echo }) => ({ ...served(line, MANIFEST), headers: { 'content-type': echo } }),
  'the media type of a document': ({ line, password }) =>
    served(line, json({ schemaVersion: 2, mediaType: password, layers: [] })),
  'a redirect': ({ host, password }) => ({
    status: 307,
    headers: {
      location: `http://${host}/${encodeURIComponent(password)}/x?p=${encodeURIComponent(password)}`,
    },
  }),
  'the host of a redirect': () => ({ status: 307, headers: { location: `ftp://${NAME}.test/` } }),
  'a redirect to no URL': ({ echo }) => ({ status: 307, headers: { location: `http://[${echo}` } }),
  'the scheme of a redirect': () => ({ status: 307, headers: { location: `${NAME}://x/` } }),
  'the place of an upload': ({ line, password }) =>
    line.startsWith('POST')
      ? { status: 202, headers: { location: `/up/${encodeURIComponent(password)}/?x=1` } }
      : served(line, MANIFEST),
  'a range': ({ line, echo }) =>
    line.startsWith('POST')
      ? { status: 202, headers: { location: '/up', range: echo, 'oci-chunk-min-length': echo } }
      : served(line, MANIFEST),
  'the body of an answer': ({ echo }) => ({ status: 200, body: echo }),
};

/** Serves a document as every manifest of the source; nothing else is there. */
function served(line: string, body: string): Told {
  if (!line.includes('/from/') || !line.includes('/manifests/')) return { status: 404 };
  const headers = { 'content-type': OCI_MANIFEST, 'docker-content-digest': digestOf(Buffer.from(body)) };
  return { status: 200, headers, ...(line.startsWith('GET') && { body }) };
}

describe('a registry that repeats the password is not repeated', () => {
  it.each(Object.entries({ ...IN_REFUSALS, ...IN_ANSWERS }))('in %s', async (_place, answer) => {
    const password = answer.toString().includes('NAME') ? NAME : PASSWORD;
    const host = await echoing(password, answer);
    const env = await loggedIn(host, password);
    const odd = digestOf(Buffer.from(json({ schemaVersion: 2, mediaType: password, layers: [] })));
    const digest = answer.toString().includes('mediaType: password') ? odd : WANTED;
    const all = await outputOf(await promotions(host, digest), env);
    expect(all).toMatch(/unreadable|lost|failed/);
    expect(findLeaks(all, [password])).toEqual([]);
  });
});

/** Answers lists only; the rest is not there. */
function listed(line: string, tags: unknown, headers: Record<string, string> = {}): Told {
  if (line.includes('/tags/list')) return { status: 200, headers, body: json(tags) };
  return { status: 404 };
}

const IN_LISTS: Readonly<Record<string, (asked: Asked) => Told>> = {
  'tags that are none': ({ line, password, echo }) =>
    listed(line, { name: password, tags: [password, echo] }),
  'the type of a list': ({ line, password }) => listed(line, { tags: { [password]: password } }),
  'a link': ({ line, password, host }) =>
    listed(line, { tags: ['v1'] }, { link: `<http://${host}/${encodeURIComponent(password)}>; rel="next"` }),
  'a link to elsewhere': ({ line }) =>
    listed(line, { tags: ['v1'] }, { link: `<http://${NAME}.test/>; rel="next"` }),
  "Google's digests": ({ line, password }) =>
    listed(line, { manifest: { [password]: { tag: [password], mediaType: password } }, child: [password] }),
};

describe('a list that repeats the password is not repeated', () => {
  it.each(Object.entries(IN_LISTS))('in %s', async (_place, answer) => {
    const password = answer.toString().includes('NAME') ? NAME : PASSWORD;
    const host = await echoing(password, answer);
    const all = await outputOf(
      [...snapshots(host), ...(await promotions(host))],
      await loggedIn(host, password),
    );
    expect(findLeaks(all, [password])).toEqual([]);
  });

  it('in the names of tags and repositories', async () => {
    const host = await echoing(NAME, ({ line }) => {
      if (line.includes('/_catalog'))
        return { status: 200, body: json({ repositories: [`from/app/${NAME}`] }) };
      if (line.includes('/tags/list'))
        return { status: 200, body: json({ tags: ['v1', NAME, `x-${NAME}`] }) };
      const headers = { 'docker-content-digest': WANTED, 'content-type': DOCKER_MANIFEST };
      return line.startsWith('HEAD') ? { status: 200, headers } : { status: 404 };
    });
    const all = await outputOf(snapshots(host), await loggedIn(host, NAME));
    expect(all).toContain('v1');
    expect(all).toContain('REDACTED');
    expect(findLeaks(all, [NAME])).toEqual([]);
  });

  it('in the children of an index', async () => {
    const child = { mediaType: NAME, digest: NAME, size: 1, platform: { os: NAME } };
    const body = json({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [child] });
    const digest = digestOf(Buffer.from(body));
    const host = await echoing(NAME, ({ line }) =>
      line.includes('/manifests/') && line.includes('/from/')
        ? { ...served(line, body), headers: { 'content-type': OCI_INDEX, 'docker-content-digest': digest } }
        : listed(line, { tags: ['v1'] }),
    );
    const runs = [
      ...(await promotions(host, digest)),
      ...snapshots(host),
      [`-snapshot=${host}/from/app`, '-minimal-snapshot'],
    ];
    const all = await outputOf(runs, await loggedIn(host, NAME));
    expect(all).toContain('malformed digest');
    expect(findLeaks(all, [NAME])).toEqual([]);
  });
});
