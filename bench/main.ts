import { corpus, FULL_SIZE } from '../test/builders/corpus.ts';
import { promoterManifest } from '../test/builders/promoter-manifest.ts';
import { pushCorpus } from '../test/builders/push-corpus.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { benchBlobs } from './tables/blobs.ts';
import { benchFirst } from './tables/first.ts';
import { benchLatency } from './tables/latency.ts';
import { benchSteady } from './tables/steady.ts';

const TABLES: Readonly<Record<string, (options: Options) => Promise<void>>> = {
  first: benchFirst,
  steady: benchSteady,
  blobs: benchBlobs,
  latency: benchLatency,
};

/** Measures and prints Markdown on stdout; what it is doing goes to stderr. Gives the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.push !== undefined) {
    await pushOnly(options.push);
    return 0;
  }
  const table = TABLES[options.table ?? ''];
  if (options.help || table === undefined) {
    (options.help ? console.log : console.error)(USAGE);
    return options.help ? 0 : 2;
  }
  await table(options);
  return 0;
}

async function pushOnly(place: string): Promise<void> {
  const slash = place.indexOf('/');
  if (slash === -1) throw new Error(`--push: expected HOST/PREFIX, got ${place}`);
  const all = corpus(FULL_SIZE);
  await pushCorpus(place.slice(0, slash), place.slice(slash + 1), all);
  const destination = `${place.slice(0, slash)}/prod`;
  console.log(promoterManifest(all, { source: place, destinations: [destination] }));
}
