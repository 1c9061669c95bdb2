import { expect, it } from 'vitest';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import { readInventory } from '../../src/inventory/read-inventory.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import type { WriteRegistry } from '../../src/ports/registry.ts';
import { image } from '../builders/images.ts';
import { from } from '../builders/manifests.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { RecordingProgress } from '../doubles/recording-progress.ts';

const THERE = image({ seed: 'there' });
const GONE = image({ seed: 'gone' });
const there = THERE.manifest.digest;
const gone = GONE.manifest.digest;

type Images = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** The plan for a registry that explains absences in these words, by host, and whom it was asked about. */
async function planFor(images: Images, words: Record<string, string>) {
  const memory = new MemoryRegistry();
  memory.push('s.example/s/app', THERE);
  const asked: string[] = [];
  const registry: WriteRegistry = Object.assign(memory, {
    explainAbsence: (repository: string) => {
      const [host = ''] = repository.split('/');
      asked.push(host);
      return Promise.resolve(words[host]);
    },
  });
  const wanted = expandEdges([from('s.example/s').to('p.example/p').promote(images)]);
  const ports = { source: registry, destination: registry, progress: new RecordingProgress(), workers: 4 };
  const inventory = await readInventory(wanted, ports, new AbortController().signal);
  return { asked: asked.toSorted(), items: makePlan(wanted, inventory).items };
}

it.each([
  [{ 's.example': 'hidden at the source' }, 'hidden at the source'],
  [{ 'p.example': 'hidden at the destination' }, 'hidden at the destination'],
  [{}, undefined],
])('what is lost has the doubts of its hosts: %j', async (words: Record<string, string>, doubt) => {
  const { items } = await planFor({ app: { [gone]: ['v1'] } }, words);
  expect(items.map((item) => [item.decision, 'doubt' in item ? item.doubt : undefined])).toEqual([
    ['lost', doubt],
  ]);
});

it('a host is asked once, whatever number of digests is lost', async () => {
  const images = Object.fromEntries(['a', 'b', 'c'].map((name) => [name, { [gone]: ['v1', 'v2'] }]));
  expect((await planFor(images, {})).asked).toEqual(['p.example', 's.example']);
});

it('nobody is asked where another destination has what its source has lost', async () => {
  const memory = new MemoryRegistry();
  memory.push('q.example/p/app', GONE, 'v1');
  const asked: string[] = [];
  const registry: WriteRegistry = Object.assign(memory, {
    explainAbsence: (repository: string) => {
      asked.push(repository);
      return Promise.resolve('hidden');
    },
  });
  const manifest = from('s.example/s')
    .to('p.example/p', 'q.example/p')
    .promote({ app: { [gone]: ['v1'] } });
  const ports = { source: registry, destination: registry, progress: new RecordingProgress(), workers: 4 };
  const wanted = expandEdges([manifest]);
  const inventory = await readInventory(wanted, ports, new AbortController().signal);
  expect(makePlan(wanted, inventory).counts).toMatchObject({ lost: 0, copy: 1, present: 1 });
  expect(asked).toEqual([]);
});

it('nobody is asked where nothing is lost', async () => {
  expect(await planFor({ app: { [there]: ['v1'] } }, { 's.example': 'x' })).toMatchObject({
    asked: [],
    items: [{ decision: 'copy' }],
  });
});
