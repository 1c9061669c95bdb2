import { describe, expect, it } from 'vitest';
import { ReferrersIndexes } from '../../src/attachments/referrers-index.ts';
import { parseReferences } from '../../src/image/oci-manifest.ts';
import { referrersTagOf } from '../../src/image/attachment-tags.ts';
import {
  clientForTest,
  embeddedForTest,
  quiet,
  registryErrorOf,
  repositoryAt,
} from '../adapters/oci/client.ts';
import { attach, bundle } from '../builders/attachments.ts';
import { type Content, image, index, push } from '../builders/images.ts';

const APP = image({ seed: 'app' });
const TAG = referrersTagOf(APP.manifest.digest);
const bundles = (count: number, seed = 'bundle') =>
  Array.from({ length: count }, (_, number) => bundle(`${seed} ${number}`, APP));

async function world() {
  const registry = await embeddedForTest({ referrers: false });
  const client = clientForTest().registry;
  const repository = repositoryAt(registry, 'app');
  const list = (referrers: readonly Content[], via = client) => {
    for (const one of referrers) push(registry, 'app', one);
    const manifests = referrers.map(({ manifest }) => manifest);
    return new ReferrersIndexes(via).add(
      { repository, subject: APP.manifest.digest, referrers: manifests },
      quiet(),
    );
  };
  const listed = () => {
    const stored = registry.store.manifest('app', TAG);
    return stored === undefined ? [] : parseReferences(stored).manifests.map(({ digest }) => digest);
  };
  return { registry, client, list, listed };
}

const digestsOf = (contents: readonly Content[]) => contents.map(({ manifest }) => manifest.digest);

describe('the index of referrers', () => {
  it('is written once, and read again', async () => {
    const { registry, list, listed } = await world();
    expect(await list(bundles(3))).toBeUndefined();
    expect(listed()).toEqual(digestsOf(bundles(3)));
    expect(registry.requests.map(({ method }) => method)).toEqual(['HEAD', 'PUT', 'GET']);
    await list(bundles(3));
    expect(registry.requests.slice(3).map(({ method }) => method)).toEqual(['HEAD', 'GET']);
  });

  it('keeps the entries that it has', async () => {
    const { registry, list, listed } = await world();
    const others = bundles(2, 'of another');
    attach(registry, 'app', APP, ...others);
    await list(bundles(2));
    expect(listed()).toEqual(digestsOf([...others, ...bundles(2)]));
  });

  it.each([1, 2, 3, 4])(
    'has every entry, though others overwrite it %s times after our write',
    async (times) => {
      const { registry, client, list, listed } = await world();
      let left = times;
      const via = {
        ...client,
        putReferrersIndex: async (...args: Parameters<typeof client.putReferrersIndex>) => {
          await client.putReferrersIndex(...args);
          if (left-- > 0) attach(registry, 'app', APP, ...bundles(times - left, 'of another'));
        },
      };
      await list(bundles(2), via);
      expect(new Set(listed())).toEqual(new Set(digestsOf([...bundles(times, 'of another'), ...bundles(2)])));
    },
  );

  it('has every entry of others that write between our read and our write', async () => {
    const { registry, client, list, listed } = await world();
    let left = 2;
    const via = {
      ...client,
      putReferrersIndex: async (...args: Parameters<typeof client.putReferrersIndex>) => {
        if (left-- > 0) attach(registry, 'app', APP, ...bundles(2 - left, 'of another'));
        await client.putReferrersIndex(...args);
      },
    };
    await list(bundles(2), via);
    expect(listed()).toEqual(digestsOf([...bundles(2, 'of another'), ...bundles(2)]));
  });

  it('is written by one caller at a time', async () => {
    const { registry, client, listed } = await world();
    const indexes = new ReferrersIndexes(client);
    const all = bundles(6);
    for (const one of all) push(registry, 'app', one);
    const repository = repositoryAt(registry, 'app');
    const add = ({ manifest }: Content) =>
      indexes.add({ repository, subject: APP.manifest.digest, referrers: [manifest] }, quiet());
    await Promise.all(all.map(add));
    expect(listed()).toEqual(digestsOf(all));
    expect(registry.requests.filter(({ method }) => method === 'PUT')).toHaveLength(6);
  });

  it('fails where others overwrite it for ever', async () => {
    const { registry, client, list } = await world();
    const via = {
      ...client,
      putReferrersIndex: async (...args: Parameters<typeof client.putReferrersIndex>) => {
        await client.putReferrersIndex(...args);
        attach(registry, 'app', APP);
      },
    };
    const error = await registryErrorOf(list(bundles(2), via));
    expect(error.message).toContain(`${TAG} lacks entries after 5 writes: others write it at the same time`);
  });

  it('is not written over anything else', async () => {
    const { registry, list } = await world();
    const app = index({ children: [APP] });
    push(registry, 'app', app, TAG);
    expect(await list([])).toBeUndefined();
    push(registry, 'app', APP, TAG);
    expect(await list(bundles(1))).toBe(
      `tag ${TAG} of the destination is ${APP.manifest.digest}, which is no list of referrers`,
    );
    expect(registry.store.resolveTag('app', TAG)).toBe(APP.manifest.digest);
  });
});
