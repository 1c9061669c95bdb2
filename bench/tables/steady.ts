import { corpus } from '../../test/builders/corpus.ts';
import { pushCorpus } from '../../test/builders/push-corpus.ts';
import { startRealRegistry } from '../../test/doubles/real-registries.ts';
import { choosePeers, compare, describeCorpus } from '../comparison.ts';
import type { Options } from '../options.ts';
import { titleOf } from '../title.ts';
import { inMemory } from './first.ts';

const DESTINATIONS = 4;

/** Nothing to do: every image is at every destination already. */
export async function benchSteady(options: Options): Promise<void> {
  const peers = await choosePeers(options);
  const all = corpus({ names: options.quick ? 4 : 200, versions: 5, platforms: 2 });
  console.log(`\n${describeCorpus(all, options)}`);
  for (const kind of options.registries) {
    const registry = await startRealRegistry(kind, inMemory(kind));
    try {
      const prefixes = Array.from({ length: DESTINATIONS }, (_, index) => `prod-${index}`);
      for (const prefix of ['staging', ...prefixes]) await pushCorpus(registry.host, prefix, all);
      const stage = {
        corpus: all,
        source: `${registry.host}/staging`,
        destinations: prefixes.map((prefix) => `${registry.host}/${prefix}`),
        registries: [registry],
        runs: 1,
        end: () => Promise.resolve(),
      };
      const title = `${titleOf(registry)}, ${all.images.length} images at ${DESTINATIONS} destinations, nothing to do`;
      await compare(title, { peers, trials: options.trials, stage: () => Promise.resolve(stage) });
    } finally {
      await registry.stop();
    }
  }
}
