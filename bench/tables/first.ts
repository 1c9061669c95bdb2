import { corpus, FULL_SIZE } from '../../test/builders/corpus.ts';
import type { Corpus } from '../../test/builders/corpus.ts';
import { pushCorpus } from '../../test/builders/push-corpus.ts';
import { type RealRegistry, startRealRegistry } from '../../test/doubles/real-registries.ts';
import type { RegistryKind } from '../../test/doubles/registry-programs.ts';
import { choosePeers, compare, describeCorpus, type StageMaker } from '../comparison.ts';
import type { Options } from '../options.ts';
import { titleOf } from '../title.ts';

/** Of many destinations fewer images, or the slow programs would take hours. */
const SIZES = [
  { destinations: 1, versions: 5, names: 20 },
  { destinations: 4, versions: 5, names: 4 },
  { destinations: 16, versions: 5, names: 4 },
];

/** The first promotion and the same again: within one registry and to others, to 1, 4 and 16 destinations. */
export async function benchFirst(options: Options): Promise<void> {
  const peers = await choosePeers(options);
  for (const { destinations, ...size } of SIZES.filter((one) =>
    options.destinations.includes(one.destinations),
  )) {
    const all = corpus({ ...FULL_SIZE, ...size, ...(options.quick ? { versions: 2, names: 2 } : {}) });
    console.log(`\n${describeCorpus(all, options)}`);
    for (const kind of options.registries) {
      const source = await startRealRegistry(kind, inMemory(kind));
      try {
        await pushCorpus(source.host, 'staging', all);
        const many = destinations === 1 ? '1 destination' : `${destinations} destinations`;
        const within = `${titleOf(source)}, within one registry, ${many}`;
        await compare(within, {
          peers,
          trials: options.trials,
          stage: sameRegistry(source, all, destinations),
        });
        const across = `${titleOf(source)}, from one registry to ${destinations} other, ${many}`;
        await compare(across, {
          peers,
          trials: options.trials,
          stage: otherRegistries(source, all, destinations),
        });
      } finally {
        await source.stop();
      }
    }
  }
}

function sameRegistry(source: RealRegistry, all: Corpus, count: number): StageMaker {
  return (name) =>
    Promise.resolve({
      corpus: all,
      source: `${source.host}/staging`,
      destinations: Array.from({ length: count }, (_, index) => `${source.host}/prod-${name}-${index}`),
      registries: [source],
      runs: 2,
      end: () => Promise.resolve(),
    });
}

function otherRegistries(source: RealRegistry, all: Corpus, count: number): StageMaker {
  return async () => {
    const others: RealRegistry[] = [];
    for (let index = 0; index < count; index++)
      others.push(await startRealRegistry(source.kind, inMemory(source.kind)));
    return {
      corpus: all,
      source: `${source.host}/staging`,
      destinations: others.map(({ host }) => `${host}/prod`),
      registries: [source, ...others],
      runs: 2,
      end: async () => {
        await Promise.all(others.map((other) => other.stop()));
      },
    };
  };
}

/** The fast registry keeps blobs in memory, or the disk would set the pace. */
export function inMemory(kind: RegistryKind): { readonly memory: boolean } {
  return { memory: kind === 'crane' };
}
