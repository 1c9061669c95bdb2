import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import type { ScriptedAnswer, Script, Step } from '../../doubles/scripted-server.ts';
import { scriptedServer } from '../../doubles/scripted-server.ts';
import { clientForTest, quiet, registryErrorOf, repositoryAt } from './client.ts';

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

function page(tags: readonly unknown[], link?: string): ScriptedAnswer {
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
    ['{"tags":"v1"}', 'tags is not a list but "string"'],
  ])('is not %j', async (body, message) => {
    const reads = body.startsWith('{') ? 1 : 4; // what is no document may have been damaged on its way
    const error = await registryErrorOf(list(Array.from({ length: reads }, () => answer(body)).flat()));
    expect(error).toMatchObject({ code: 'unexpected', temporary: false });
    expect(error.message).toContain(message);
  });

  it('of a repository that does not exist is missing', async () => {
    const errors = [{ code: 'NAME_UNKNOWN', message: 'repository name not known to registry' }];
    expect(await list([{ request: FIRST, answer: { status: 404, body: { errors } } }])).toEqual({
      kind: 'missing',
    });
  });
});

it.each([
  [{ tags: ['ok', 'no tag', null, {}] }, { count: 3, example: '"no tag"' }],
  [{ tags: [5] }, { count: 1, example: '5' }],
  [
    { child: ['UP'], manifest: { 'sha256:1': {}, [ONE]: { tag: ['../x'] } } },
    { count: 3, example: '"sha256:1"' },
  ],
  [{ tags: ['ok'] }, undefined],
])('what is left out of %j is counted', async (body, expected) => {
  const server = await scriptedServer(answer(body));
  const { registry, oddNames } = clientForTest();
  await registry.list(repositoryAt(server, 'app'), quiet());
  expect(oddNames.hosts().get(server.host)).toEqual(expected);
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
    [405, 'UNSUPPORTED', "Invalid parameter at 'maxResults' failed to satisfy constraint"],
    [400, 'PAGINATION_NUMBER_INVALID', 'invalid number of results requested'],
  ])(
    'are as long as the host likes, and where it refuses its own next one (%s) there is no list',
    async (status, code, message) => {
      const error = await registryErrorOf(
        list([
          { request: FIRST, answer: page(['a'], '<?n=1001&last=a>; rel="next"') },
          {
            request: `${FIRST}?n=1001&last=a`,
            answer: { status, body: { errors: [{ code, message }] } },
          },
        ]),
      );
      expect(error).toMatchObject({ code: 'refused', status, temporary: false });
      expect(error.message).toContain(`${code}: ${message}`);
    },
  );

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

  it('that disappear in between make the repository missing, not shorter', async () => {
    const listing = await list([
      { request: FIRST, answer: page(['a'], '<?page=2>; rel="next"') },
      { request: `${FIRST}?page=2`, answer: { status: 404 } },
    ]);
    expect(listing).toEqual({ kind: 'missing' });
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
    expect(listing).toEqual({
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
    expect(await list(answer(body))).toEqual({
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
    expect(await list(answer(body))).toEqual({ kind: 'digests', ...none, children });
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
