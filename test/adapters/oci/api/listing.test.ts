import { describe, expect, it, vi } from 'vitest';
import { digestOf } from '../../../../src/image/digest.ts';
import type { Listing } from '../../../../src/ports/registry.ts';
import type { Script, ScriptedAnswer, Step } from '../../../doubles/scripted-server.ts';
import { scriptedServer } from '../../../doubles/scripted-server.ts';
import { clientForTest, quiet, registryErrorOf, repositoryAt } from '../client.ts';

const FIRST = 'GET /v2/app/tags/list';
const ONE = digestOf(Buffer.from('one'));
const TWO = digestOf(Buffer.from('two'));

async function list(script: Script) {
  const server = await scriptedServer(script);
  return clientForTest().registry.list(repositoryAt(server, 'app'), quiet());
}

function answer(body: object | string): Step[] {
  return [{ request: FIRST, answer: { status: 200, body: typeof body === 'string' ? body : { ...body } } }];
}

function refusal(status: number, code: string): ScriptedAnswer {
  return { status, body: { errors: [{ code, message: 'no' }] } };
}

function page(tags: readonly unknown[] | null, link?: string): ScriptedAnswer {
  return { status: 200, headers: link === undefined ? {} : { link }, body: { name: 'app', tags } };
}

describe('a list of tags', () => {
  it.each<[string, object, string[]]>([
    ['tags', { name: 'app', tags: ['b', 'a'] }, ['b', 'a']],
    ['no tags', { tags: [] }, []],
    ['null', { tags: null }, []],
    ['nothing', {}, []],
    ['the same tag twice', { tags: ['a', 'a'] }, ['a']],
    [
      'malformed tags',
      { tags: ['ok', '', '../../x', 'a b', '-a', 'x'.repeat(129), 5, null, { a: 1 }, 'é', 'a\n'] },
      ['ok'],
    ],
  ])('may hold %s', async (_what, body, expected) => {
    expect(await list(answer(body))).toEqual({ kind: 'tags', tags: new Set(expected), requests: 1 });
  });

  it.each([
    ['<html>', 'the list of tags is not a JSON object'],
    ['', 'the list of tags is not a JSON object'],
    ['[]', 'the list of tags is not a JSON object'],
    ['null', 'the list of tags is not a JSON object'],
    ['{"errors":[{"code":"TOOMANYREQUESTS"}]}', 'the answer has no list of tags'],
    ['{"tags":"v1"}', 'tags is not a list but "string"'],
  ])('is not %j', async (body, message) => {
    const reads = body.startsWith('{"tags') ? 1 : 4; // what is no page may have been damaged on its way
    const error = await registryErrorOf(list(Array.from({ length: reads }, () => answer(body)).flat()));
    expect(error).toMatchObject({ code: 'unexpected', temporary: false });
    expect(error.message).toContain(message);
  });

  it.each(['NAME_UNKNOWN', 'NOT_FOUND'])(
    'of a repository that does not exist is missing: %s',
    async (code) => {
      const errors = [{ code, message: 'repository name not known to registry' }];
      expect(await list([{ request: FIRST, answer: { status: 404, body: { errors } } }])).toEqual({
        kind: 'missing',
      });
    },
  );

  it.each([
    ['nothing', ''],
    ['a web page of a proxy', '<html><h1>404 Not Found</h1></html>'],
    ['the text of a server that knows no such path', '404 page not found'],
    ['another code', '{"errors":[{"code":"UNSUPPORTED","message":"no tag listing"}]}'],
  ])(
    'is not missing because the path is: 404 with %s says nothing of the repository',
    async (_what, body) => {
      const error = await registryErrorOf(list([{ request: FIRST, answer: { status: 404, body } }]));
      expect(error).toMatchObject({ code: 'refused', status: 404, temporary: false });
      expect(error.message).toMatch(
        /tags\/list: 404: .*without NAME_UNKNOWN this is no answer about the repository/,
      );
    },
  );
});

it.each([
  [{ tags: ['ok', 'no tag', null, {}] }, { count: 3, example: '"no tag"' }],
  [{ tags: [5] }, { count: 1, example: '5' }],
  [
    { child: ['UP'], manifest: { 'sha256:1': {}, [ONE]: { tag: ['../x'] } } },
    { count: 3, example: '"../x"' }, // digests come last, when the map of them is made
  ],
  [{ tags: ['ok'] }, undefined],
])('what is left out of %j is counted', async (body, expected) => {
  const server = await scriptedServer(answer(body));
  const { registry, invalidNames } = clientForTest();
  const listing = await registry.list(repositoryAt(server, 'app'), quiet());
  if (listing.kind === 'digests') expect(Array.from(listing.manifests.keys())).toEqual([ONE]);
  expect(invalidNames.hosts().get(server.host)).toEqual(expected);
});

describe('pages', () => {
  it('are followed to the last, wherever on the same host they are', async () => {
    const listing = await list((url) => [
      { request: FIRST, answer: page(['a'], '</v2/app/tags/list?last=a&n=1>; rel="next"') },
      { request: `${FIRST}?last=a&n=1`, answer: page(['b'], `<${url}/other/place?page=3>; rel="next"`) },
      { request: 'GET /other/place?page=3', answer: page(['c'], '<?page=4>; rel="next"') },
      { request: 'GET /other/place?page=4', answer: page([]) },
    ]);
    expect(listing).toEqual({ kind: 'tags', tags: new Set(['a', 'b', 'c']), requests: 4 });
  });

  it.each([
    ['another host', 'http://registry.example.com/v2/app/tags/list'],
    ['another port', 'http://127.0.0.1:1/v2/app/tags/list'],
    ['another scheme', 'https://127.0.0.1/v2/app/tags/list'],
  ])('are not followed to %s', async (_what, next) => {
    const error = await registryErrorOf(
      list([{ request: FIRST, answer: page(['a'], `<${next}>; rel="next"`) }]),
    );
    expect(error).toMatchObject({ code: 'unexpected', temporary: false });
    expect(error.message).toContain(`refused the next page at ${new URL(next).origin}`);
  });

  it.each([
    ['without angle brackets', '/v2/app/tags/list?last=a; rel=next'],
    ['without a relation', '</v2/app/tags/list?last=a>'],
    ['as a query alone', '?last=a; rel="next"'],
  ])('are followed where the link is written %s', async (_what, link) => {
    const listing = await list([
      { request: FIRST, answer: page(['a'], link) },
      { request: `${FIRST}?last=a`, answer: page(['b']) },
    ]);
    expect(listing).toEqual({ kind: 'tags', tags: new Set(['a', 'b']), requests: 2 });
  });

  it.each([
    ['cannot be read', '</v2/app/tags/list?last=a; rel="next"', 'its Link header is malformed'],
    ['names no URL', '<http://[>; rel="next"', 'its Link header is malformed'],
    // Artifactory's lacks the key of the repository
    ['is of another repository', '</v2/tags/list?last=a>; rel="next"', 'its path is that of another list'],
    ['is of a longer name', '</v2/key/app/tags/list?last=a>; rel="next"', 'its path is that of another list'],
  ])('are not guessed where the link %s', async (_what, link, message) => {
    const error = await registryErrorOf(list([{ request: FIRST, answer: page(['a'], link) }]));
    expect(error).toMatchObject({ code: 'unexpected', temporary: false });
    expect(error.message).toContain(message);
  });

  it.each<[string, ScriptedAnswer, string, number, (readonly Step[])?]>([
    ['is gone', { status: 404 }, '404: no reason given', 1],
    ['is unknown', refusal(404, 'NAME_UNKNOWN'), '404: NAME_UNKNOWN', 1],
    ['is refused for its n', refusal(400, 'PAGINATION_NUMBER_INVALID'), '400: PAGINATION_NUMBER_INVALID', 1],
    ['is not supported', refusal(405, 'UNSUPPORTED'), '405: UNSUPPORTED', 1],
    [
      'is denied',
      refusal(403, 'DENIED'),
      '403: DENIED',
      1,
      [{ request: 'GET /v2/', answer: { status: 200 } }],
    ],
    ['wants other credentials', { status: 401, headers: { 'www-authenticate': 'Negotiate' } }, '401: ', 1],
    ['fails for good', { status: 503 }, '503: ', 13],
    ['never comes', { raw: '', ending: 'reset' }, 'ECONNRESET', 13],
    ['is a web page', { status: 200, body: '<p>Log in' }, 'the list of tags is not a JSON object', 4],
    ['is an error in disguise', refusal(200, 'DENIED'), 'the answer has no list of tags', 4],
    ['has no list', { status: 200, body: { name: 'app' } }, 'the answer has no list of tags', 4],
  ])('are not fewer because one %s', async (_what, answer, message, times, last: readonly Step[] = []) => {
    const second = { request: `${FIRST}?n=1001&last=a`, answer };
    const script = [
      { request: FIRST, answer: page(['a'], '<?n=1001&last=a>; rel="next"') },
      ...Array.from({ length: times }, () => second),
      ...last,
    ];
    const error = await registryErrorOf(list(script));
    // as it has no status, nobody takes it for what the registry says of the whole list
    expect(error).toMatchObject({ code: 'unexpected', status: undefined, temporary: false });
    expect(error.message).toMatch(/^the list of tags breaks off after its first page: GET /);
    expect(error.message).toContain(message);
  });

  it('that repeat the page before are not the end', async () => {
    const error = await registryErrorOf(
      list([
        { request: FIRST, answer: page(['a', 'b'], '<?last=b>; rel="next"') },
        { request: `${FIRST}?last=b`, answer: page(['a', 'b']) },
      ]),
    );
    expect(error).toMatchObject({ code: 'unexpected', temporary: false });
    expect(error.message).toContain('the page repeats the tags of the page before it');
  });

  it.each([
    ['begins with the last tag', ['b', 'c']],
    ['has that one alone', ['b']],
    ['is empty', []],
    ['is null', null],
  ])('may end with one that %s', async (_what, tags) => {
    const listing = await list([
      { request: FIRST, answer: page(['a', 'b'], '<?last=b>; rel="next"') },
      { request: `${FIRST}?last=b`, answer: page(tags) },
    ]);
    expect(listing).toMatchObject({ kind: 'tags', tags: new Set(['a', 'b', ...(tags ?? [])]) });
  });

  it('whose `last` does not move come to an end', async () => {
    const again = { request: `${FIRST}?last=a`, answer: page(['b'], '<?last=a>; rel="next"') };
    const error = await registryErrorOf(
      list([{ request: FIRST, answer: page(['a'], '<?last=a>; rel="next"') }, again, again]),
    );
    expect(error.message).toContain('a page without new tags leads to another one');
  });

  it('that lead to themselves come to an end', async () => {
    const again = { request: FIRST, answer: page(['a'], `</v2/app/tags/list>; rel="next"`) };
    const error = await registryErrorOf(list([again, again]));
    expect(error.message).toContain('a page without new tags leads to another one');
  });

  it('that never end come to an end', async () => {
    const error = await registryErrorOf(
      list([
        { request: FIRST, answer: page(['a'], '<?page=2>; rel="next"') },
        { request: `${FIRST}?page=2`, answer: page(['../x'], '<?page=3>; rel="next"') },
      ]),
    );
    expect(error.message).toContain('a page without new tags leads to another one');
  });
});

describe('upload times', () => {
  async function timesOf(script: Script) {
    const server = await scriptedServer(script);
    const { registry } = clientForTest();
    return await registry.uploadTimes?.(repositoryAt(server, 'app'), quiet());
  }

  it("are in Google's list, in milliseconds, as far as they are numbers", async () => {
    const manifest = {
      [ONE]: { tag: ['v1'], timeUploadedMs: '1700000000000', timeCreatedMs: '0' },
      [TWO]: { tag: [], timeUploadedMs: 'soon' },
    };
    expect(await timesOf(answer({ manifest, tags: ['v1'] }))).toEqual(new Map([[ONE, 1_700_000_000_000]]));
  });

  it('are in no other list', async () => {
    expect(await timesOf(answer({ tags: ['v1'] }))).toEqual(new Map());
  });

  it('are none of a repository that does not exist', async () => {
    expect(await timesOf([{ request: FIRST, answer: refusal(404, 'NAME_UNKNOWN') }])).toEqual(new Map());
  });
});

describe("Google's list", () => {
  const NEXT = { link: '</v2/app/tags/list?page=2>; rel="next"' };
  const SECOND = `${FIRST}?page=2`;
  const googlePage = (digest: string, tag: string, child: readonly string[] = []) => ({
    child,
    manifest: { [digest]: { tag: [tag] } },
    tags: [tag],
  });

  it('is followed to its last page too', async () => {
    const listing = await list([
      { request: FIRST, answer: { status: 200, headers: NEXT, body: googlePage(ONE, 'v1', ['a']) } },
      { request: SECOND, answer: { status: 200, body: googlePage(TWO, 'v2', ['a', 'b']) } },
    ]);
    expect(fieldsOf(listing)).toEqual({
      kind: 'digests',
      manifests: new Map([
        [ONE, ['v1']],
        [TWO, ['v2']],
      ]),
      tags: new Map([
        ['v1', ONE],
        ['v2', TWO],
      ]),
      indexes: new Set(),
      children: ['a', 'b'],
    });
  });

  it.each<[string, Record<string, string>, object, RegExp]>([
    ['leads to itself', NEXT, googlePage(ONE, 'v1'), /a page without new tags leads to another one/],
    ['goes on as a plain list', {}, { tags: ['v2'] }, /one page of the list is Google's, .* another is not/],
    ['lacks its digests', {}, { child: [], tags: ['v2'] }, /the list names the tag "v2" without its digest/],
    ['lacks both halves', {}, { tags: [] }, /one page of the list is Google's, .* another is not/],
  ])('is refused where its second page %s', async (_what, headers, body, message) => {
    const error = await registryErrorOf(
      list([
        { request: FIRST, answer: { status: 200, headers: NEXT, body: googlePage(ONE, 'v1') } },
        { request: SECOND, answer: { status: 200, headers, body: { ...body } } },
      ]),
    );
    expect(error).toMatchObject({ code: 'unexpected', temporary: false });
    expect(error.message).toMatch(message);
  });

  it('knows the digests of every page before and after it has made a map of them', async () => {
    const listing = await list([
      { request: FIRST, answer: { status: 200, headers: NEXT, body: googlePage(ONE, 'v1') } },
      { request: SECOND, answer: { status: 200, body: googlePage(TWO, 'v2') } },
    ]);
    if (listing.kind !== 'digests') throw new Error('no digests');
    const known = () => [ONE, TWO, digestOf(Buffer.from('three'))].map((digest) => listing.has(digest));
    expect(known()).toEqual([true, true, false]);
    expect(listing.manifests.size).toBe(2);
    expect(known()).toEqual([true, true, false]);
  });

  it('makes one entry of a map for each tag, and none for a digest without a tag', async () => {
    const digests = Array.from({ length: 6000 }, (_, number) => digestOf(Buffer.from(`${number}`)));
    const tags = (number: number) => (number % 6 === 0 ? [`v${number}`] : []);
    const manifest = Object.fromEntries(digests.map((one, number) => [one, { tag: tags(number) }]));
    const server = await scriptedServer(
      answer({ manifest, tags: digests.flatMap((_, number) => tags(number)) }),
    );
    const set = vi.spyOn(Map.prototype, 'set');
    const add = vi.spyOn(Set.prototype, 'add');
    try {
      await clientForTest().registry.list(repositoryAt(server, 'app'), quiet());
      const entries = set.mock.calls.length + add.mock.calls.length;
      expect(entries).toBeGreaterThanOrEqual(1000);
      expect(entries).toBeLessThan(1500); // the request itself takes some
    } finally {
      set.mockRestore();
      add.mockRestore();
    }
  });

  it('is not followed to another host', async () => {
    const headers = { link: '<http://registry.example.com/v2/app/tags/list>; rel="next"' };
    const error = await registryErrorOf(
      list([{ request: FIRST, answer: { status: 200, headers, body: googlePage(ONE, 'v1') } }]),
    );
    expect(error.message).toContain('refused the next page at http://registry.example.com');
  });

  it('is known by its body', async () => {
    const body = {
      child: ['sub'],
      manifest: { [ONE]: { tag: ['v1', 'latest'], mediaType: 'x' }, [TWO]: { tag: [] } },
      name: 'app',
      tags: ['latest', 'v1'],
    };
    expect(fieldsOf(await list(answer(body)))).toEqual({
      kind: 'digests',
      manifests: new Map([
        [ONE, ['v1', 'latest']],
        [TWO, []],
      ]),
      tags: new Map([
        ['v1', ONE],
        ['latest', ONE],
      ]),
      indexes: new Set(),
      children: ['sub'],
    });
  });

  it('tells which digests are indexes, and names below it that are one component', async () => {
    const body = {
      child: ['b', 'a.b-c__d', '../up', 'a/b', '', '.', '..', 'UP', 7, null, ['x'], 'a?b', 'a#b', '%2e%2e'],
      manifest: {
        [ONE]: { tag: [], mediaType: 'application/vnd.oci.image.index.v1+json' },
        [TWO]: { tag: [], mediaType: 'application/vnd.docker.distribution.manifest.list.v2+json' },
        [digestOf(Buffer.from('three'))]: { mediaType: 'application/vnd.oci.image.manifest.v1+json' },
        [digestOf(Buffer.from('four'))]: { mediaType: { toString: 5 } },
      },
    };
    expect(await list(answer(body))).toMatchObject({
      indexes: new Set([ONE, TWO]),
      children: ['b', 'a.b-c__d'],
    });
  });

  it.each([
    ['maps that are empty', { child: [], manifest: {}, tags: [] }, []],
    ['children only', { child: ['sub'], tags: [] }, ['sub']],
    ['an empty manifest and a child', { child: ['sub'], manifest: {}, name: 'app', tags: [] }, ['sub']],
    ['no children', { manifest: {}, tags: [] }, []],
  ])('may have %s', async (_what, body, children) => {
    const none = { manifests: new Map(), tags: new Map(), indexes: new Set() };
    expect(fieldsOf(await list(answer(body)))).toEqual({ kind: 'digests', ...none, children });
  });

  it('may hold what is malformed, which is left out', async () => {
    const manifest = {
      'sha256:1': { tag: ['a'] },
      [`SHA256:${'0'.repeat(64)}`]: { tag: ['b'] },
      '../../etc': { tag: ['c'] },
      __proto__: { tag: ['d'] },
      [ONE]: { tag: ['ok', '../x', 7, null] },
      [TWO]: null,
      [digestOf(Buffer.from('three'))]: { tag: 'v3' },
    };
    const listing = await list(answer({ manifest }));
    expect(listing).toMatchObject({
      kind: 'digests',
      tags: new Map([['ok', ONE]]),
    });
    if (listing.kind !== 'digests') throw new Error('no digests');
    expect([...listing.manifests.keys()].toSorted()).toEqual(
      [ONE, TWO, digestOf(Buffer.from('three'))].toSorted(),
    );
  });

  it.each([
    ['a child that is no list', { child: {}, tags: ['a'] }],
    ['a manifest that is no map', { manifest: [], tags: ['a'] }],
  ])('is not recognised by %s', async (_what, body) => {
    expect(await list(answer(body))).toMatchObject({ kind: 'tags' });
  });
});

/** The maps of a listing, which are made when they are read. */
function fieldsOf(listing: Listing) {
  if (listing.kind !== 'digests') return listing;
  const { kind, manifests, tags, indexes, uploaded, children } = listing;
  return { kind, manifests, tags, indexes, uploaded, children };
}
