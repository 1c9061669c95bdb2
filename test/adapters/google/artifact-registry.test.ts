// Covers src/adapters/google/api-fetch.ts
// Covers src/adapters/google/artifact-registry-client.ts

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createArtifactRegistryReader } from '../../../src/adapters/google/artifact-registry.ts';
import { createFetch } from '../../../src/http/fetch.ts';
import { parseRegistryName, type RegistryName } from '../../../src/image/repository.ts';
import type { Keychain } from '../../../src/ports/keychain.ts';
import { RegistryError } from '../../../src/ports/registry-error.ts';
import type { RegistryEntry } from '../../../src/ports/whole-registry.ts';
import { digest } from '../../builders/manifests.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { rawAnswer, scriptedServer } from '../../doubles/scripted-server.ts';
import { registryErrorOf } from '../oci/client.ts';

const IMAGES = registry('us-central1-docker.pkg.dev/k8s-artifacts-prod/images');
const PATH = '/v1/projects/k8s-artifacts-prod/locations/us-central1/repositories/images/dockerImages';
const LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const NEVER = new AbortController().signal;
const TOKEN = 'token-1';

interface Image {
  readonly uri: string;
  readonly tags?: readonly string[];
  readonly mediaType?: string;
  readonly imageManifests?: readonly { readonly digest: string }[];
}

/** Faults of the first questions, in order; then it answers. */
type Fault = { readonly status: number; readonly message: string } | 'reset';

/**
 * The list of images as the API documents it: pages of at most 1000, opaque tokens, the fields that are asked for.
 *
 * @see https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories.dockerImages/list
 */
async function fakeApi(images: readonly Image[], faults: readonly Fault[] = []) {
  const asked: URL[] = [];
  const authorizations: (string | undefined)[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '', 'http://api');
    asked.push(url);
    authorizations.push(request.headers.authorization);
    const fault = faults[asked.length - 1];
    if (fault === 'reset') request.socket.resetAndDestroy();
    else if (fault !== undefined) answerError(response, fault);
    else if (url.pathname !== PATH)
      answerError(response, { status: 404, message: 'Requested entity was not found.' });
    else response.writeHead(200).end(JSON.stringify(pageOf(images, url.searchParams)));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => new Promise((done) => server.close(() => done())));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { endpoint: `http://127.0.0.1:${address.port}`, asked, authorizations };
}

function answerError(response: ServerResponse, { status, message }: Exclude<Fault, 'reset'>): void {
  response.writeHead(status).end(JSON.stringify({ error: { code: status, message } }));
}

function pageOf(images: readonly Image[], asked: URLSearchParams) {
  const size = Math.min(Number(asked.get('pageSize') ?? 100), 1000);
  const start = Number(asked.get('pageToken')?.slice('page-'.length) ?? 0);
  const end = start + size;
  return {
    dockerImages: images.slice(start, end),
    ...(end < images.length && { nextPageToken: `page-${end}` }),
  };
}

/** An account whose tokens are numbered: a refused one is followed by the next. */
function account(): Keychain {
  let number = 1;
  return {
    identityFor: () =>
      Promise.resolve({
        name: 'service account a@b',
        credential: {
          kind: 'access-token',
          current: () => Promise.resolve(`token-${number}`),
          refuse: () => (number += 1),
        },
      }),
  };
}

async function read(
  endpoint: string,
  { clock = new FakeClock(), where = IMAGES } = {},
): Promise<RegistryEntry[]> {
  const reader = createArtifactRegistryReader({ keychain: account(), fetch: fetchWith(clock), endpoint });
  const entries: RegistryEntry[] = [];
  for await (const page of reader.read(where, NEVER)) entries.push(...page);
  return entries;
}

function fetchWith(clock: FakeClock): typeof fetch {
  return createFetch({ network: {}, clock, log: { write: () => {} }, userAgent: 'cip/test' }).fetch;
}

function registry(text: string): RegistryName {
  const parsed = parseRegistryName(text);
  if (parsed === undefined) throw new Error(`${text} is no registry`);
  return parsed;
}

describe('a whole repository of Artifact Registry', () => {
  it('is read with its tags, its indexes and their children, nested names too', async () => {
    const api = await fakeApi([
      {
        uri: `${IMAGES}/kubernetes/pause@${digest('a')}`,
        tags: ['3.9', 'latest'],
        mediaType: LIST,
        imageManifests: [{ digest: digest('b') }, { digest: digest('c') }],
      },
      { uri: `${IMAGES}/kubernetes/pause@${digest('b')}`, mediaType: MANIFEST },
    ]);
    expect(await read(api.endpoint)).toEqual([
      {
        repository: `${IMAGES}/kubernetes/pause`,
        digest: digest('a'),
        tags: ['3.9', 'latest'],
        mediaType: LIST,
        children: [digest('b'), digest('c')],
      },
      {
        repository: `${IMAGES}/kubernetes/pause`,
        digest: digest('b'),
        tags: [],
        mediaType: MANIFEST,
        children: [],
      },
    ]);
    expect(api.authorizations).toEqual([`Bearer ${TOKEN}`]);
    expect(Object.fromEntries(api.asked[0]?.searchParams ?? [])).toEqual({
      pageSize: '1000',
      $alt: 'json;enum-encoding=int',
      $prettyPrint: '0',
      fields: 'nextPageToken,dockerImages(uri,tags,mediaType,imageManifests(digest))',
    });
  });

  it('is read page by page to its end', async () => {
    const images = Array.from({ length: 2001 }, (_, number) => ({
      uri: `${IMAGES}/app-${number}@${digest('a')}`,
    }));
    const api = await fakeApi(images);
    const names = (await read(api.endpoint)).map(({ repository }) => repository);
    expect(new Set(names).size).toBe(2001);
    expect(api.asked.map(({ searchParams }) => searchParams.get('pageToken'))).toEqual([
      null,
      'page-1000',
      'page-2000',
    ]);
  });

  it('without images is empty', async () => {
    expect(await read((await fakeApi([])).endpoint)).toEqual([]);
  });

  it.each([
    ['us-central1-docker.pkg.dev/k8s-artifacts-prod/images', true],
    ['us-docker.pkg.dev/example.com/project/images', true],
    ['us-docker.pkg.dev/project/images/kubernetes', false],
    ['us-docker.pkg.dev/project', false],
    ['us-docker.pkg.dev', false],
    ['eu.gcr.io/project/images', false],
    ['us-docker.pkg.dev.example/project/images', false],
    ['us-central1-docker.pkg.dev:443/project/images', false],
  ])('is %s: %s', (text, expected) => {
    const reader = createArtifactRegistryReader({ keychain: account(), fetch: fetchWith(new FakeClock()) });
    expect(reader.canRead(registry(text))).toBe(expected);
  });

  it.each([
    ['another registry', `eu-docker.pkg.dev/k8s-artifacts-prod/images/app@${digest('a')}`],
    ['a neighbour by name', `${IMAGES}-old/app@${digest('a')}`],
    ['no digest', `${IMAGES}/app:v1`],
    ['a malformed digest', `${IMAGES}/app@sha256:abc`],
    ['nothing', ''],
  ])('is refused where an image is of %s', async (_what, uri) => {
    const api = await fakeApi([{ uri }]);
    await expect(read(api.endpoint)).rejects.toMatchObject({ code: 'unexpected' });
  });

  it('may come with 256 KiB of headers', async () => {
    const headers = { 'x-debug': 'x'.repeat(256 * 1024) };
    const server = await scriptedServer([{ request: /^GET/, answer: { status: 200, headers, body: '{}' } }]);
    expect(await read(server.url)).toEqual([]);
  });

  it.each([
    [
      'headers without a colon',
      rawAnswer(['HTTP/1.1 200 OK', 'Bad']),
      'its answer is not valid HTTP: a header has no colon',
    ],
    [
      'a chunk of no size',
      rawAnswer(['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'], 'zz\r\n'),
      'its answer is not valid HTTP: the size of a chunk',
    ],
    [
      'more headers than that',
      rawAnswer(['HTTP/1.1 200 OK', `X: ${'x'.repeat(300 * 1024)}`]),
      'the headers of its answer have more than 256 KiB',
    ],
  ])('is not asked for again where its answer has %s', async (_what, raw, words) => {
    const clock = new FakeClock();
    const server = await scriptedServer([{ request: /^GET/, answer: { raw, ending: 'close' } }]);
    const error = await registryErrorOf(read(server.url, { clock }));
    expect(error).toMatchObject({ code: 'unexpected', temporary: false });
    expect(error.message).toContain(words);
    expect(clock.waits).toEqual([]);
  });

  it('is asked for again where its answer breaks off', async () => {
    const broken = {
      raw: rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 9'], '{'),
      ending: 'close',
    } as const;
    const server = await scriptedServer([
      { request: /^GET/, answer: broken },
      { request: /^GET/, answer: { status: 200, body: '{}' } },
    ]);
    expect(await read(server.url)).toEqual([]);
  });

  it('leaves out tags that nobody can ask for', async () => {
    const api = await fakeApi([{ uri: `${IMAGES}/app@${digest('a')}`, tags: ['v1', 'a b', '../x'] }]);
    expect((await read(api.endpoint))[0]?.tags).toEqual(['v1']);
  });

  it('is refused where its pages lead in a circle', async () => {
    const api = await fakeApi([]);
    const fetch = () => Promise.resolve(new Response(JSON.stringify({ nextPageToken: 'again' })));
    const reader = createArtifactRegistryReader({
      keychain: account(),
      fetch,
      ...api,
    });
    await expect(drain(reader.read(IMAGES, NEVER))).rejects.toThrow('a page leads to itself');
  });
});

async function drain(pages: AsyncIterable<unknown>): Promise<void> {
  for await (const _page of pages);
}

describe('the API of Artifact Registry', () => {
  const images = [{ uri: `${IMAGES}/app@${digest('a')}` }];

  it.each<readonly [string, Fault]>([
    ['too many questions', { status: 429, message: 'Quota exceeded' }],
    ['a failure of its own', { status: 503, message: 'unavailable' }],
    ['a reset', 'reset'],
  ])('is asked again after %s, later each time', async (_what, fault) => {
    const api = await fakeApi(images, [fault, fault]);
    const clock = new FakeClock();
    expect(await read(api.endpoint, { clock })).toHaveLength(1);
    expect(clock.waits).toEqual([750, 1500]);
  });

  it('is given up after five failures', async () => {
    const api = await fakeApi(
      images,
      Array.from({ length: 5 }, () => ({ status: 500, message: 'no' })),
    );
    await expect(read(api.endpoint)).rejects.toMatchObject({ code: 'unavailable', status: 500 });
    expect(api.asked).toHaveLength(5);
  });

  it.each([
    'http://artifactregistry.googleapis.com',
    'https://googleapis.com.example',
    'https://api.example',
  ])('at %s gets no token', async (endpoint) => {
    const asked = read(endpoint);
    await expect(asked).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(asked).rejects.toThrow('the token of a Google account is not sent there');
  });

  it('is asked with another token where one is refused, once', async () => {
    const refusal = { status: 401, message: 'Request had invalid authentication credentials.' };
    const api = await fakeApi(images, [refusal]);
    expect(await read(api.endpoint)).toHaveLength(1);
    expect(api.authorizations).toEqual(['Bearer token-1', 'Bearer token-2']);
    const deaf = await fakeApi(images, [refusal, refusal, refusal]);
    await expect(read(deaf.endpoint)).rejects.toMatchObject({ code: 'unauthorized' });
    expect(deaf.asked).toHaveLength(2);
  });

  it('says what it refuses, in one line and without the token', async () => {
    const api = await fakeApi(images, [{ status: 403, message: "Permission denied\non resource 'images'" }]);
    const error: unknown = await read(api.endpoint).catch((thrown: unknown) => thrown);
    if (!(error instanceof RegistryError)) throw new Error('nothing was refused');
    expect(error.code).toBe('unauthorized');
    expect(error.message).toMatch(/^GET http.*\/dockerImages: 403: Permission denied.on resource/);
    expect(error.message).not.toMatch(/\n|token-/);
  });
});
