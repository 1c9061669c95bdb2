import { parseArgs } from 'node:util';
import { type CorpusSize, FULL_SIZE } from '../test/builders/corpus.ts';
import type { RegistryKind } from '../test/doubles/registry-programs.ts';

export interface Options {
  readonly help: boolean;
  readonly trials: number;
  readonly size: CorpusSize;
  /** Names of peers; undefined is all. */
  readonly peers: readonly string[] | undefined;
  readonly registries: readonly RegistryKind[];
  /** `host/prefix` to push the corpus to, instead of a comparison. */
  readonly push: string | undefined;
}

export const USAGE = `usage: npm run bench -- [options]

  --trials N           how often each cell is measured (default 3)
  --quick              4 names x 2 versions instead of 20 x 5
  --peers A,B          only these: cip, skopeo, crane, regctl, kpromo
  --registries A,B     only these (default distribution-2.8,crane; also distribution-3, zot)
  --push HOST/PREFIX   only push the corpus there, over plain HTTP, and print the manifest that promotes it
`;

const QUICK_SIZE: CorpusSize = { ...FULL_SIZE, names: 4, versions: 2 };
const KINDS: readonly RegistryKind[] = ['distribution-2.8', 'distribution-3', 'crane', 'zot'];

/** Throws where the command line makes no sense. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', default: false },
      trials: { type: 'string', default: '3' },
      quick: { type: 'boolean', default: false },
      peers: { type: 'string' },
      registries: { type: 'string', default: 'distribution-2.8,crane' },
      push: { type: 'string' },
    },
  });
  const trials = Number(values.trials);
  if (!Number.isInteger(trials) || trials < 1)
    throw new Error(`--trials: expected a number from 1, got ${values.trials}`);
  return {
    help: values.help,
    trials,
    size: values.quick ? QUICK_SIZE : FULL_SIZE,
    peers: values.peers?.split(','),
    registries: values.registries.split(',').map(parseKind),
    push: values.push,
  };
}

function parseKind(text: string): RegistryKind {
  const kind = KINDS.find((one) => one === text);
  if (kind === undefined) throw new Error(`--registries: expected some of ${KINDS.join(', ')}, got ${text}`);
  return kind;
}
