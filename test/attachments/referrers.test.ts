import { describe, expect, it } from 'vitest';
import type { FaultAct } from '../../src/embedded-registry/embedded-registry.ts';
import { embeddedForTest } from '../adapters/oci/client.ts';
import { artifact, image, push } from '../builders/images.ts';
import { walk } from '../browse/walking.ts';

const IMAGES = ['a', 'b', 'c'].map((name) => ({ name, content: image({ seed: name, layers: 1 }) }));
const SIGNATURES = IMAGES.map(({ name, content }) => artifact(`${name} signature`, { subject: content }));
const REFUSED: FaultAct = { kind: 'status', status: 403 };
const WEB_PAGE: FaultAct = { kind: 'status', status: 200, body: '<html>' };
const NOT_FOUND: FaultAct = { kind: 'status', status: 404 };

/** Questions that are asked before the one about `b`: for the image `a`, and for its signature. */
const BEFORE_B = 2;

interface Trouble {
  readonly act: FaultAct;
  readonly path?: RegExp;
  readonly skip?: number;
  readonly times: number;
  readonly workers?: number;
}

/** Walks a registry with a signature for each of its images, in which something happens to some of the questions. */
async function walkWith({ act, path = /\/referrers\//, skip = 0, times, workers = 1 }: Trouble) {
  const registry = await embeddedForTest({ faults: [{ method: 'GET', path, act, skip, times }] });
  IMAGES.forEach(({ name, content }, number) => {
    push(registry, name, content, 'v1');
    const signature = SIGNATURES[number];
    if (signature !== undefined) push(registry, name, signature);
  });
  const { images, notices } = await walk(registry, { workers });
  const asked = registry.requests.filter(({ kind }) => kind === 'referrers').length;
  const signed = IMAGES.filter((_, number) => {
    const digest = SIGNATURES[number]?.manifest.digest;
    return Object.values(images).some((digests) => digest !== undefined && digest in digests);
  }).map(({ name }) => name);
  const unreadable = notices.flatMap((notice) => (notice.kind === 'unreadable' ? [notice.name] : []));
  return { signed, unreadable, asked };
}

describe('a registry that has no referrers', () => {
  it.each([404, 405, 501])(
    'is asked once for each repository when it says so (%s), and all else is seen',
    async (status) => {
      const act: FaultAct = { kind: 'status', status };
      expect(await walkWith({ act, times: Infinity })).toEqual({ signed: [], unreadable: [], asked: 3 });
    },
  );
});

describe('a registry that refuses the referrers of one repository', () => {
  it.each([1, 2, 8])(
    'shows those of the others, whichever is asked first, by %s workers',
    async (workers) => {
      for (const path of [/\/a\/referrers\//, /\/b\/referrers\//, /\/c\/referrers\//]) {
        const name = path.source[2] ?? '';
        expect(await walkWith({ act: REFUSED, path, times: Infinity, workers })).toMatchObject({
          signed: ['a', 'b', 'c'].filter((other) => other !== name),
          unreadable: [name],
        });
      }
    },
  );

  it('shows those of the others too where it says that there are none', async () => {
    expect(await walkWith({ act: NOT_FOUND, path: /\/a\/referrers\//, times: Infinity })).toMatchObject({
      signed: ['b', 'c'],
      unreadable: [],
    });
  });

  it.each([
    ['401', { kind: 'status', status: 401 }],
    ['a web page', WEB_PAGE],
  ] as const)('is unreadable there when it answers with %s, the very first time', async (_what, act) => {
    expect(await walkWith({ act, path: /\/a\/referrers\//, times: Infinity })).toMatchObject({
      signed: ['b', 'c'],
      unreadable: ['a'],
    });
  });
});

describe('a registry that has listed referrers before', () => {
  it.each([
    ['refuses a question', REFUSED, 1],
    ['answers with a web page', WEB_PAGE, 4],
  ])('is not taken to have none when it %s: that image is unreadable, the next is read', async (...row) => {
    const [_what, act, times] = row;
    expect(await walkWith({ act, skip: BEFORE_B, times })).toMatchObject({
      signed: ['a', 'c'],
      unreadable: ['b'],
    });
  });

  it('is asked on when it does not know one image', async () => {
    expect(await walkWith({ act: NOT_FOUND, skip: BEFORE_B, times: 1 })).toMatchObject({
      signed: ['a', 'c'],
      unreadable: [],
    });
  });
});
