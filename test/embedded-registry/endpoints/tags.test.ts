// Covers src/embedded-registry/endpoints/google-listing.ts

import { describe, expect, it } from 'vitest';
import type {
  EmbeddedRegistry,
  EmbeddedRegistryOptions,
} from '../../../src/embedded-registry/embedded-registry.ts';
import { image, multiArch, push } from '../../builders/images.ts';
import { ask, jsonOf, startForTest, summaryOf } from '../wire.ts';

const LIST = '/v2/prod/app/tags/list';

async function startWithTags(options: EmbeddedRegistryOptions = {}) {
  const registry = await startForTest(options);
  push(registry, 'prod/app', image({ seed: 'app' }), 'v2', 'latest', 'V1', 'v10', 'v1');
  return registry;
}

/** Every page from a path on, following Link. */
async function pagesFrom(registry: EmbeddedRegistry, path: string) {
  const pages: unknown[] = [];
  let next: string | undefined = path;
  while (next !== undefined) {
    const answer = await ask(registry, `GET ${next}`);
    pages.push(Object.values(Object(jsonOf(answer))).at(-1));
    next = /^<(.+)>; rel="next"$/.exec(String(answer.headers.link))?.[1];
  }
  return pages;
}

describe('a listing of tags', () => {
  it('is sorted, capitals first among equals', async () => {
    const answer = await ask(await startWithTags(), `GET ${LIST}`);
    expect(jsonOf(answer)).toEqual({ name: 'prod/app', tags: ['latest', 'V1', 'v1', 'v10', 'v2'] });
    expect(answer.headers).toMatchObject({ 'content-type': 'application/json' });
    expect(answer.headers.link).toBeUndefined();
  });

  it.each([
    ['n=2', [['latest', 'V1'], ['v1', 'v10'], ['v2']]],
    ['n=5', [['latest', 'V1', 'v1', 'v10', 'v2']]],
    ['n=100', [['latest', 'V1', 'v1', 'v10', 'v2']]],
    ['n=0', [[]]],
    ['last=V1', [['v1', 'v10', 'v2']]],
    ['n=1&last=v10', [['v2']]],
    ['last=nothing', [['V1', 'v1', 'v10', 'v2']]],
    ['last=z', [[]]],
  ])('pages for %s', async (query, pages) => {
    expect(await pagesFrom(await startWithTags(), `${LIST}?${query}`)).toEqual(pages);
  });

  it('never has more on a page than the registry gives', async () => {
    const registry = await startWithTags({ pageSize: 3 });
    const pages = [
      ['latest', 'V1', 'v1'],
      ['v10', 'v2'],
    ];
    expect(await pagesFrom(registry, LIST)).toEqual(pages);
    expect(await pagesFrom(registry, `${LIST}?n=1000`)).toEqual(pages);
  });

  it.each(['n=-1', 'n=abc', 'n=', 'n=1.5'])('refuses %s', async (query) => {
    const answer = await ask(await startWithTags(), `GET ${LIST}?${query}`);
    expect(summaryOf(answer)).toBe('400 PAGINATION_NUMBER_INVALID');
  });

  it('is 404 for a repository that never had a manifest, and empty for one that has no tags', async () => {
    const registry = await startForTest();
    registry.store.putBlob('prod/app', Buffer.from('blob'));
    const answer = await ask(registry, `GET ${LIST}`);
    expect(summaryOf(answer)).toBe('404 NAME_UNKNOWN');
    const digest = push(registry, 'prod/app', image({ seed: 'app' }));
    expect(jsonOf(await ask(registry, `GET ${LIST}`))).toEqual({ name: 'prod/app', tags: [] });
    registry.store.deleteManifest('prod/app', digest);
    expect((await ask(registry, `GET ${LIST}`)).status).toBe(200);
  });
});

describe("Google's listing", () => {
  it('has every digest with its tags, and the child repositories', async () => {
    const registry = await startForTest({ listing: 'google', now: () => 1_700_000_000_000 });
    const content = multiArch('app', { platforms: 1, format: 'docker' });
    const digest = push(registry, 'prod/app', content, 'v1', 'latest');
    const [child] = content.children;
    for (const name of ['prod/app/b', 'prod/app/a/deep', 'prod/app/a/deeper', 'prod/apple']) {
      push(registry, name, image({ seed: name }));
    }
    const listing = jsonOf(await ask(registry, `GET ${LIST}?n=1`));
    const size = child?.blobs.reduce((sum, { bytes }) => sum + bytes.length, child.manifest.bytes.length);
    const times = { timeCreatedMs: '1700000000000', timeUploadedMs: '1700000000000', layerId: '' };
    expect(listing).toEqual({
      child: ['a', 'b'],
      manifest: {
        [digest]: {
          ...times,
          imageSizeBytes: String(content.manifest.bytes.length),
          mediaType: content.manifest.mediaType,
          tag: ['latest', 'v1'],
        },
        [String(child?.manifest.digest)]: {
          ...times,
          imageSizeBytes: String(size),
          mediaType: child?.manifest.mediaType,
          tag: [],
        },
      },
      name: 'prod/app',
      tags: ['latest', 'v1'],
    });
  });

  it('is empty for a repository that does not exist', async () => {
    const registry = await startForTest({ listing: 'google' });
    const answer = await ask(registry, `GET ${LIST}`);
    expect(answer.status).toBe(200);
    expect(jsonOf(answer)).toEqual({ child: [], manifest: {}, name: 'prod/app', tags: [] });
  });
});

describe('the catalog', () => {
  it('lists the repositories that exist, sorted and paged', async () => {
    const registry = await startForTest();
    for (const name of ['c', 'a', 'b/x']) push(registry, name, image({ seed: name }));
    registry.store.putBlob('blobs-only', Buffer.from('blob'));
    expect(await pagesFrom(registry, '/v2/_catalog')).toEqual([['a', 'b/x', 'c']]);
    expect(await pagesFrom(registry, '/v2/_catalog?n=2')).toEqual([['a', 'b/x'], ['c']]);
  });
});
