import { quote } from '../../../base/text.ts';
import { FEW, type ProofScope } from '../../../checks/images-to-copy.ts';
import type { FlagValues } from '../flag-values.ts';
import { UsageError } from '../usage-error.ts';
import { isLimitedToChanges } from './manifest-diff-option.ts';

const MODES: ReadonlyMap<string, ProofScope> = new Map([
  ['all', 'all'],
  ['changed', 'few'],
  ['none', 'none'],
]);

/** The scope of `-prove`. Throws a `UsageError` for an unknown mode. */
export function proofOf(flags: FlagValues): ProofScope {
  const text = flags.text('prove');
  if (text === undefined) return 'few';
  const scope = isOfChanges(flags) ? 'all' : MODES.get(text.toLowerCase());
  if (scope !== undefined) return scope;
  throw new UsageError(`-prove is all, changed or none, not ${quote(text)}`);
}

/** Warnings about a `-prove` without the expected effect. */
export function proofWarningsOf(flags: FlagValues, task: 'parse-only' | 'dry-run' | 'promotion'): string[] {
  const mode = flags.text('prove')?.toLowerCase();
  if (mode === undefined || mode === 'none') return [];
  if (task === 'promotion')
    return ['-prove has no effect with -confirm: a copy fails for an incomplete image'];
  if (task === 'parse-only') return ['-prove has no effect with -parse-only: no registry is queried'];
  if (mode !== 'changed' || isOfChanges(flags)) return [];
  return [
    `-prove=changed: changed images are not known without -manifest-diff-base or a similar flag, so all images to copy are proven, if they are fewer than ${FEW} digests`,
  ];
}

/** A run that is limited to changes has no other images. */
function isOfChanges(flags: FlagValues): boolean {
  return flags.text('prove')?.toLowerCase() === 'changed' && isLimitedToChanges(flags);
}
