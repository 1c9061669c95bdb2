import { quote } from '../../../base/text.ts';
import { FEW, type ProofScope } from '../../../checks/images-to-copy.ts';
import type { FlagValues } from '../flag-values.ts';
import { UsageError } from '../usage-error.ts';

const MODES: ReadonlyMap<string, ProofScope> = new Map([
  ['all', 'all'],
  ['changed', 'few'], // nothing tells yet what has changed, so it is the default
  ['none', 'none'],
]);

/** How much a dry run proves, as `-prove` says. Throws a `UsageError` for a mode that is unknown. */
export function proofOf(flags: FlagValues): ProofScope {
  const text = flags.text('prove');
  if (text === undefined) return 'few';
  const scope = MODES.get(text.toLowerCase());
  if (scope !== undefined) return scope;
  throw new UsageError(`-prove is all, changed or none, not ${quote(text)}`);
}

/** The warning about a `-prove` that does not do what it seems to. */
export function proofWarningsOf(flags: FlagValues, task: 'parse-only' | 'dry-run' | 'promotion'): string[] {
  const mode = flags.text('prove')?.toLowerCase();
  if (mode === undefined || mode === 'none') return [];
  if (task === 'promotion') return ['-prove has no effect with -confirm: a copy shows what is incomplete'];
  if (task === 'parse-only') return ['-prove has no effect with -parse-only: no registry is asked'];
  if (mode !== 'changed') return [];
  return [
    `-prove=changed: nothing tells which images have changed, so all that would be copied is proven, if it is fewer than ${FEW} digests`,
  ];
}
