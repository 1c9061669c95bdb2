import { isAbort, messageOf } from '../../../base/errors.ts';
import { DiffCounter } from '../../../workflows/diff/compare.ts';
import { DiffError, findDifferences } from '../../../workflows/diff/diff.ts';
import { type DiffFormat, renderDiff } from '../../../workflows/diff/render.ts';
import type { BrowseOptions } from '../../flags/options/browse-options.ts';
import type { RunOptions } from '../../flags/options/run-options.ts';
import { UsageError } from '../../flags/usage-error.ts';
import type { Stdio } from '../../output/stdio.ts';
import { streamOutput } from '../../output/stream-output.ts';
import { type Browser, browse } from '../../browse/browse.ts';
import { findSides } from '../../browse/diff-side.ts';
import { openSides } from '../../browse/open-sides.ts';
import { readSide } from '../../browse/read-side.ts';
import type { ProcessContext } from '../command.ts';

/** A complete and consistent request for a comparison. */
export interface DiffOptions extends RunOptions, BrowseOptions {
  /** The two sides as they are written. */
  readonly a: string;
  readonly b: string;
  readonly format: DiffFormat;
}

/** A comparison from its options to its exit code: 0 equal, 1 different, 2 where something could not be compared. */
export function runDiff(options: DiffOptions, context: ProcessContext): Promise<number> {
  return browse(options, context, async (browser) => {
    try {
      return await compare(options, { browser, stdio: context.stdio });
    } catch (error) {
      if (error instanceof UsageError || isAbort(error, browser.signal)) throw error;
      throw error instanceof DiffError
        ? error
        : new DiffError('not-compared', messageOf(error), { cause: error });
    }
  });
}

async function compare(
  options: DiffOptions,
  { browser, stdio }: { browser: Browser; stdio: Stdio },
): Promise<number> {
  const sides = await findSides(options.a, options.b);
  const [readA, readB] = [await readSide(sides[0], browser), await readSide(sides[1], browser)];
  const [a, b] = await openSides([readA, readB], { options, browser });
  const counter = new DiffCounter();
  const titles = { a: a.title, b: b.title };
  const differences = counter.count(findDifferences(a, b));
  const isComplete = () => !a.gaps.incomplete && !b.gaps.incomplete;
  const rendering = { format: options.format, titles, counter, isComplete };
  await streamOutput(stdio.out, renderDiff(differences, rendering));
  const { 'only-in-a': onlyInA, 'only-in-b': onlyInB, tag: tags } = counter.counts;
  if (!isComplete()) {
    browser.log.write('error', 'not everything could be compared', { onlyInA, onlyInB, tags });
    return 2;
  }
  browser.log.write('info', counter.isEqual ? 'no differences' : 'different', { onlyInA, onlyInB, tags });
  return counter.isEqual ? 0 : 1;
}
