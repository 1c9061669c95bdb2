import { corpus, FULL_SIZE } from '../../test/builders/corpus.ts';
import { pushCorpus } from '../../test/builders/push-corpus.ts';
import { startRealRegistry } from '../../test/doubles/real-registries.ts';
import { choosePeers, compare, describeCorpus } from '../comparison.ts';
import { startLatencyFront } from '../latency-front.ts';
import type { Options } from '../options.ts';
import { titleOf } from '../title.ts';
import { inMemory } from './first.ts';

const MILLISECONDS = 20;

/** The first promotion and the same again, where each request takes as long as to another region. */
export async function benchLatency(options: Options): Promise<void> {
  const peers = await choosePeers(options);
  const all = corpus({ ...FULL_SIZE, ...(options.quick ? { versions: 2, names: 2 } : {}) });
  console.log(`\n${describeCorpus(all, options)}`);
  for (const kind of options.registries) {
    const registry = await startRealRegistry(kind, inMemory(kind));
    const front = await startLatencyFront(registry.host, MILLISECONDS);
    try {
      await pushCorpus(registry.host, 'staging', all);
      await compare(`${titleOf(registry)}, within one registry, ${MILLISECONDS} ms for each request`, {
        peers,
        trials: options.trials,
        stage: (name) =>
          Promise.resolve({
            corpus: all,
            source: `${front.host}/staging`,
            destinations: [`${front.host}/prod-${name}`],
            registries: [registry],
            runs: 2,
            end: () => Promise.resolve(),
          }),
      });
    } finally {
      await front.stop();
      await registry.stop();
    }
  }
}
