import { expect, it } from 'vitest';
import { resolveImage } from '../../src/inventory/resolve-image.ts';
import { digest, repository, tag } from '../builders/manifests.ts';
import { image } from '../builders/images.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';

const NEVER = new AbortController().signal;
const APP = repository('a.io/app');

function withImage() {
  const registry = new MemoryRegistry();
  return { registry, pushed: registry.push(APP, image({ seed: 'app' }), 'v1') };
}

it('a tag is the digest that the registry has for it, and a digest is looked up', async () => {
  const { registry, pushed } = withImage();
  const found = { kind: 'found', digest: pushed };
  const v1 = tag('v1');
  expect(await resolveImage({ repository: APP, tag: v1, digest: undefined }, registry, NEVER)).toEqual(found);
  expect(await resolveImage({ repository: APP, tag: undefined, digest: pushed }, registry, NEVER)).toEqual(
    found,
  );
  expect(await resolveImage({ repository: APP, tag: v1, digest: pushed }, registry, NEVER)).toEqual(found);
});

it.each([
  ['a tag that does not exist', { tag: tag('v9'), digest: undefined }, /^a\.io\/app:v9: not found$/],
  [
    'a digest that does not exist',
    { tag: undefined, digest: digest('a') },
    /^a\.io\/app@sha256:a+: not found$/,
  ],
  [
    'a tag that is another digest',
    { tag: tag('v1'), digest: digest('a') },
    /^a\.io\/app:v1 is sha256:.* there, not sha256:a+: /,
  ],
  ['neither', { tag: undefined, digest: undefined }, /latest is not assumed/],
])('says in words why there is no digest for %s', async (_what, named, reason) => {
  const { registry } = withImage();
  expect(await resolveImage({ repository: APP, ...named }, registry, NEVER)).toEqual({
    kind: 'unresolved',
    reason: expect.stringMatching(reason),
  });
});

it('a registry that gives no answer is unreadable', async () => {
  const { registry } = withImage();
  registry.fail({ verb: 'resolve' });
  expect(await resolveImage({ repository: APP, tag: tag('v1'), digest: undefined }, registry, NEVER)).toEqual(
    {
      kind: 'unresolved',
      reason: 'a.io/app:v1: unreadable: GET https://test: 503',
    },
  );
});
