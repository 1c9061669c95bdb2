import { parseArgs } from 'node:util';

export interface Options {
  readonly help: boolean;
  /** A thin manifest directory. */
  readonly directory: string;
  readonly trials: number;
  /** How many times larger the large universe is. */
  readonly times: number;
  /** The release of the scoped run. */
  readonly project: string;
  readonly tag: string;
  /** Measures `cip audit` alone. */
  readonly audits: boolean;
}

export const USAGE = `usage: npm run bench:planning -- --thin-manifest-dir DIR [options]

  --thin-manifest-dir DIR   the universe: \`registry.k8s.io\` of a clone of github.com/kubernetes/k8s.io
  --trials N                how often -parse-only is measured (default 3)
  --times N                 the size of the large universe (default 10)
  --project NAME            the project of the scoped run (default k8s-staging-kubernetes)
  --tag TAG                 its release (default v1.30.1)
  --audits                  measure cip audit alone
`;

/** Throws where the command line makes no sense. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', default: false },
      'thin-manifest-dir': { type: 'string' },
      trials: { type: 'string', default: '3' },
      times: { type: 'string', default: '10' },
      project: { type: 'string', default: 'k8s-staging-kubernetes' },
      tag: { type: 'string', default: 'v1.30.1' },
      audits: { type: 'boolean', default: false },
    },
  });
  const directory = values['thin-manifest-dir'];
  if (directory === undefined && !values.help) throw new Error(`--thin-manifest-dir is missing\n${USAGE}`);
  return {
    help: values.help,
    directory: directory ?? '',
    trials: parseCount('--trials', values.trials),
    times: parseCount('--times', values.times),
    project: values.project,
    tag: values.tag,
    audits: values.audits,
  };
}

function parseCount(name: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    throw new Error(`${name}: expected a number from 1, got ${text}`);
  return count;
}
