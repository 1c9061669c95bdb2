import { parseArgs } from 'node:util';
import type { RegistryKind } from '../test/doubles/registry-programs.ts';

export interface Options {
  readonly help: boolean;
  /** What to measure; undefined where that is not asked for. */
  readonly table: string | undefined;
  readonly trials: number;
  readonly quick: boolean;
  /** Names of peers; undefined is all. */
  readonly peers: readonly string[] | undefined;
  /** The root of another checkout of cip, to be measured beside this one. */
  readonly before: string | undefined;
  readonly registries: readonly RegistryKind[];
  /** Numbers of destinations, for the table `first`. */
  readonly destinations: readonly number[];
  /** `host/prefix` to push the corpus to, instead of a comparison. */
  readonly push: string | undefined;
}

export const USAGE = `usage: npm run bench -- TABLE [options]

  first      the first promotion and the same again: within a registry and to others, to 1, 4 and 16 destinations
  steady     nothing to do: 1,000 images at 4 destinations
  blobs      4 layers of 512 MiB, beside curl and sha256sum alone
  latency    the first promotion where each request takes 20 ms more

  --trials N           how often each cell is measured (default 5)
  --quick              few and small images, to see whether everything runs
  --peers A,B          only these: cip, skopeo, crane, regctl, regsync, kpromo
  --before DIR         another checkout of cip, built, as one more peer
  --registries A,B     only these (default distribution-2.8,crane; also distribution-3, zot)
  --destinations A,B   of the table first, only these: 1, 4, 16
  --push HOST/PREFIX   only push the corpus there, over plain HTTP, and print the manifest that promotes it
`;

const KINDS: readonly RegistryKind[] = ['distribution-2.8', 'distribution-3', 'crane', 'zot'];

/** Throws where the command line makes no sense. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', default: false },
      trials: { type: 'string', default: '5' },
      quick: { type: 'boolean', default: false },
      peers: { type: 'string' },
      before: { type: 'string' },
      registries: { type: 'string', default: 'distribution-2.8,crane' },
      destinations: { type: 'string', default: '1,4,16' },
      push: { type: 'string' },
    },
  });
  const trials = Number(values.trials);
  if (!Number.isInteger(trials) || trials < 1)
    throw new Error(`--trials: expected a number from 1, got ${values.trials}`);
  return {
    help: values.help,
    table: positionals[0],
    trials,
    quick: values.quick,
    peers: values.peers?.split(','),
    before: values.before,
    registries: values.registries.split(',').map(parseKind),
    destinations: values.destinations.split(',').map(Number),
    push: values.push,
  };
}

function parseKind(text: string): RegistryKind {
  const kind = KINDS.find((one) => one === text);
  if (kind === undefined) throw new Error(`--registries: expected some of ${KINDS.join(', ')}, got ${text}`);
  return kind;
}
