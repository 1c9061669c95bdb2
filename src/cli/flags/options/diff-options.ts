import { DIFF_FORMATS, type DiffFormat } from '../../../workflows/diff/render.ts';
import type { ParsedFlags } from '../../commands/command.ts';
import { DIFF_FLAGS } from '../command-flags.ts';
import { FlagValues } from '../flag-values.ts';
import { FLAGS } from '../flags.ts';
import { UsageError } from '../usage-error.ts';
import { type RunOptions, runOptionsOf } from './run-options.ts';
import { type BrowseOptions, browseOptionsOf, formatOf } from './snapshot-options.ts';

/** A complete and consistent request for a comparison. */
export interface DiffOptions extends RunOptions, BrowseOptions {
  /** The two sides as they are written. */
  readonly a: string;
  readonly b: string;
  readonly format: DiffFormat;
}

/** The options that flags ask for. Throws a `UsageError` for flags of other commands, and for other than two sides. */
export function makeDiffOptions({ operands: words, values }: ParsedFlags): DiffOptions {
  const flags = new FlagValues(values);
  refuseOthers(values);
  const run = runOptionsOf(values, []);
  const [a, b, ...more] = words;
  if (a === undefined || b === undefined || more.length > 0) {
    throw new UsageError(`cip diff compares two sides, not ${words.length}: cip diff A B`);
  }
  const format = formatOf(flags, DIFF_FORMATS) ?? 'text';
  return { ...run, ...browseOptionsOf(flags), a, b, format };
}

function refuseOthers(values: ParsedFlags['values']): void {
  const known = new Set(DIFF_FLAGS.map(({ name }) => name));
  const others = FLAGS.filter(
    ({ name, inert }) => values.has(name) && inert === undefined && !known.has(name),
  );
  if (others.length === 0) return;
  throw new UsageError(`no flag of cip diff: ${others.map(({ name }) => `-${name}`).join(', ')}`);
}
