import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import type { Wanted } from '../../src/edges/wanted.ts';
import type { Digest } from '../../src/image/digest.ts';
import type { Repository } from '../../src/image/repository.ts';
import type { Tag } from '../../src/image/tag.ts';
import { readInventory } from '../../src/inventory/read-inventory.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import type { Listing, ReadRegistry } from '../../src/ports/registry.ts';
import { from } from '../builders/manifests.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { RecordingProgress } from '../doubles/recording-progress.ts';

const IMAGES = 10;
const DIGESTS = 1000;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

describe('what a plan keeps', () => {
  it('is no object for any edge that is present: 22 hosts keep hardly more than one', async () => {
    const one = await bytesKept(1);
    const all = await bytesKept(22);
    const edges = 21 * IMAGES * DIGESTS;
    // a reference has eight bytes, an object twenty-four and more
    expect((all - one) / edges).toBeLessThan(4);
  });
});

describe('what a plan holds at a time', () => {
  it('is few listings, however many hosts there are: each has megabytes', async () => {
    const workers = 8;
    const wanted = expandEdges([promoteTo(22)]);
    const listing = listingWhatIsWanted(wanted);
    let reading = 0;
    let peak = 0;
    const list: ReadRegistry['list'] = async (repository, signal) => {
      reading += 1;
      peak = Math.max(peak, reading);
      await new Promise(setImmediate);
      reading -= 1;
      return listing.list(repository, signal);
    };
    const registry = Object.assign(new MemoryRegistry(), { list });
    const ports = { source: registry, destination: registry, progress: new RecordingProgress(), workers };
    const { destinations } = await readInventory(wanted, ports, new AbortController().signal);
    expect(destinations.size).toBe(22 * IMAGES);
    // twice the workers, and one for each host that has none of these
    expect(peak).toBeLessThan(2 * workers + 22);
  });
});

/** Bytes of the heap that hold what is wanted, what is there (all of it) and the plan. */
async function bytesKept(hosts: number): Promise<number> {
  const manifest = promoteTo(hosts);
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const wanted = expandEdges([manifest]);
  const source = listingWhatIsWanted(wanted);
  const ports = { source, destination: source, progress: new RecordingProgress(), workers: 4 };
  const inventory = await readInventory(wanted, ports, new AbortController().signal);
  const plan = makePlan(wanted, inventory);
  collectGarbage();
  const after = process.memoryUsage().heapUsed;
  expect(plan.counts.present).toBe(hosts * IMAGES * DIGESTS);
  expect(inventory.destinations.size).toBe(hosts * IMAGES);
  return after - before;
}

function promoteTo(hosts: number) {
  const images = Array.from({ length: IMAGES }, (_, image) => [
    `app-${image}`,
    Object.fromEntries(
      Array.from({ length: DIGESTS }, (_, number) => [
        `sha256:${(image * DIGESTS + number).toString(16).padStart(64, '0')}`,
        [`v${number}`],
      ]),
    ),
  ]);
  const destinations = Array.from({ length: hosts }, (_, host) => `region${host}.example/prod`);
  return from('s.example/staging')
    .to(...destinations)
    .promote(Object.fromEntries(images));
}

/** Every answer is made anew, as one from the network is. */
function listingWhatIsWanted(wanted: Wanted): ReadRegistry {
  const lists = new Map(wanted.repositories.map(({ repository, list }) => [repository, list]));
  const list = (repository: Repository): Promise<Listing> => {
    const wants = lists.get(repository)?.wants ?? [];
    const manifests = new Map<Digest, readonly Tag[]>(
      wants.map((want) => [want.digest, want.tags.map(({ tag }) => tag)]),
    );
    const tags = new Map(wants.flatMap((want) => want.tags.map(({ tag }) => [tag, want.digest])));
    const has = (digest: Digest) => manifests.has(digest);
    return Promise.resolve({ kind: 'digests', manifests, tags, has, indexes: new Set(), children: [] });
  };
  return Object.assign(new MemoryRegistry(), { list });
}
