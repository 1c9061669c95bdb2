import { flagsOf } from '../flags/flag.ts';
import { LOCATION_FLAGS, LOG_FLAGS } from '../flags/flags.ts';
import { logOptionsOf } from '../flags/options/run-options.ts';
import { UsageError } from '../flags/usage-error.ts';
import { defineCommand, type Given } from './command.ts';
import type { FormatOptions, FormatTarget } from './run/run-fmt.ts';

const FORMAT_FLAGS = flagsOf('Manifests', [
  { name: 'check', description: 'write nothing; exit 1 and name the files that are not formatted' },
  { name: 'diff', description: 'write nothing; print a unified diff' },
]);

/** `cip fmt`. */
export const fmt = defineCommand<FormatOptions>({
  words: 'fmt',
  isOfKpromo: true,
  operands: '[files...]',
  completion: 'files',
  flags: [...LOCATION_FLAGS, ...FORMAT_FLAGS, ...LOG_FLAGS],
  help: {
    about: 'writes manifests in their canonical form: the same quotes, order and layout in every file.',
    summary: ['-thin-manifest-dir=DIR', 'format manifests'],
    examples: [
      ['-thin-manifest-dir=DIR', 'format all manifests of a directory'],
      ['-check -thin-manifest-dir=DIR', 'for CI: exit 1 if a file is not formatted'],
      ['-diff images.yaml', 'print the changes of one file'],
    ],
    notes: ['Comments and entries are kept. The content does not change.'],
    exit: '0 formatted; 1 not formatted (-check), or a file is not YAML; 2 unusable input.',
  },
  parse: makeFormatOptions,
  run: async (options, context) => (await import('./run/run-fmt.ts')).runFormat(options, context),
});

function makeFormatOptions({ flags, operands }: Given): FormatOptions {
  const [manifest, directory] = [flags.text('manifest'), flags.text('thin-manifest-dir')];
  const targets: readonly FormatTarget[] = [
    ...(manifest ? [{ kind: 'files', files: [manifest] } as const] : []),
    ...(directory ? [{ kind: 'thin', directory } as const] : []),
    ...(operands.length > 0 ? [{ kind: 'files', files: operands } as const] : []),
  ];
  const [target, second] = targets;
  if (target === undefined)
    throw new UsageError('no manifest given: cip fmt FILE, -manifest=FILE or -thin-manifest-dir=DIR');
  if (second !== undefined)
    throw new UsageError('FILE, -manifest and -thin-manifest-dir exclude each other: give one');
  return { target, isCheck: flags.isOn('check'), showsDiff: flags.isOn('diff'), log: logOptionsOf(flags) };
}
