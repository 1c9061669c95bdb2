import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type WalkOptions, walkInOrder } from '../../src/base/walk-in-order.ts';

/** A tree by its paths: `a/b` is a child of `a`. */
type Tree = ReadonlySet<string>;

const component = fc.constantFrom('a', 'a-', 'a.b', 'b', 'z');
const tree: fc.Arbitrary<Tree> = fc
  .array(fc.array(component, { minLength: 1, maxLength: 4 }), { maxLength: 30 })
  .map((paths) => new Set(paths.flatMap((path) => path.map((_, end) => path.slice(0, end + 1).join('/')))));

function rootsOf(paths: Tree): string[] {
  return Array.from(paths).filter((path) => !path.includes('/'));
}

function childrenOf(paths: Tree, parent: string): string[] {
  return Array.from(paths).filter(
    (path) => path.slice(0, path.lastIndexOf('/')) === parent && path.includes('/'),
  );
}

/** Walks a tree; visits end in an order that `late` decides: so many turns of the event loop each. */
async function walk(
  paths: Tree,
  options: Partial<WalkOptions<string, string>> & { late?: readonly number[] } = {},
) {
  const { late = [], ...rest } = options;
  let visits = 0;
  let waiting = 0;
  let most = 0;
  const values: string[] = [];
  const walked = walkInOrder({
    roots: rootsOf(paths),
    visit: async (key) => {
      waiting += 1;
      most = Math.max(most, waiting);
      const turns = late[visits++ % Math.max(1, late.length)] ?? 0;
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      return { value: key, leadsTo: childrenOf(paths, key) };
    },
    workers: 4,
    window: 8,
    maxKeys: 1000,
    signal: new AbortController().signal,
    ...rest,
  });
  for await (const value of walked) {
    waiting -= 1;
    values.push(value);
  }
  return { values, visits, most };
}

describe('a walk', () => {
  it('yields every key once in the order of the keys, whatever ends first', async () => {
    await fc.assert(
      fc.asyncProperty(
        tree,
        fc.array(fc.nat(12), { minLength: 1 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 6 }),
        async (paths, late, workers, window) => {
          const { values, visits } = await walk(paths, { late, workers, window });
          expect(values).toEqual(Array.from(paths).toSorted());
          expect(visits).toBe(paths.size);
        },
      ),
    );
  });

  it('reads no further ahead than its window, while one visit is slow', async () => {
    const paths = new Set(Array.from({ length: 100 }, (_, number) => `r${String(number).padStart(3, '0')}`));
    const { most } = await walk(paths, { late: [500, ...Array.from({ length: 99 }, () => 0)], window: 8 });
    expect(most).toBe(8);
  });

  it('visits a key once that several lead to', async () => {
    const { values } = await walk(new Set(['a', 'b']), { roots: ['b', 'a', 'b'] });
    expect(values).toEqual(['a', 'b']);
  });

  it('throws what a visit throws, after what came before it', async () => {
    const values: string[] = [];
    const walking = (async () => {
      const visit = (key: string) =>
        key === 'b' ? Promise.reject(new Error('broken')) : Promise.resolve({ value: key, leadsTo: [] });
      const options = { roots: ['a', 'b', 'c'], visit, workers: 1, window: 1, maxKeys: 9 };
      for await (const value of walkInOrder({ ...options, signal: new AbortController().signal }))
        values.push(value);
    })();
    await expect(walking).rejects.toThrow('broken');
    expect(values).toEqual(['a']);
  });

  it('throws what the last visit of all throws', async () => {
    const visit = () => Promise.reject(new Error('broken'));
    await expect(walk(new Set(['a']), { visit })).rejects.toThrow('broken');
  });

  it('ends its visits where nobody wants more, and waits for them', async () => {
    let ended = 0;
    const visit = (key: string, signal: AbortSignal) => {
      if (key === 'a') return Promise.resolve({ value: key, leadsTo: [] });
      return new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => {
          ended += 1;
          reject(signal.reason);
        });
      });
    };
    const options = { roots: ['a', 'b', 'c'], visit, workers: 3, window: 3, maxKeys: 9 };
    for await (const value of walkInOrder({ ...options, signal: new AbortController().signal })) {
      expect(value).toBe('a');
      break;
    }
    expect(ended).toBe(2);
  });

  it('throws the reason of its signal', async () => {
    const stop = new AbortController();
    const reason = new Error('stopped');
    const visit = (key: string) => {
      if (key === 'b') stop.abort(reason);
      return Promise.resolve({ value: key, leadsTo: [] });
    };
    const options = { roots: ['a', 'b', 'c'], visit, workers: 1, window: 1, maxKeys: 9 };
    const walking = (async () => {
      for await (const _ of walkInOrder({ ...options, signal: stop.signal }));
    })();
    await expect(walking).rejects.toBe(reason);
  });

  it('is given up where keys lead to new ones without end', async () => {
    const visit = (key: string) => Promise.resolve({ value: key, leadsTo: [`${key}/x`] });
    await expect(walk(new Set(['a']), { visit, maxKeys: 50 })).rejects.toMatchObject({ code: 'endless' });
  });
});
