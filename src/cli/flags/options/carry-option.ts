import { quote } from '../../../base/text.ts';
import { CARRY_SCOPES, type CarryMode, type CarrySelection } from '../../../copy/carry/selection.ts';
import type { FlagValues } from '../flag-values.ts';
import { UsageError } from '../usage-error.ts';

const MODES: readonly CarryMode[] = ['all', 'signatures', 'accepted'];

/**
 * The attachments that `-carry` and `-carry-types` select; undefined for none. Types alone select from all attachments.
 * Throws a `UsageError` for an unknown mode or scope.
 */
export function carryOf(flags: FlagValues): CarrySelection | undefined {
  const text = flags.text('carry')?.toLowerCase();
  const types = flags.all('carry-types');
  if (text === 'none') {
    if (types.length === 0) return undefined;
    throw new UsageError('-carry-types selects attachments, and -carry=none carries none: give one of them');
  }
  const scope = scopeOf(flags);
  const fallback = types.length === 0 ? 'signatures' : 'all';
  const mode = text === undefined ? fallback : MODES.find((name) => name === text);
  if (mode !== undefined) return { mode, types, ...(scope !== undefined && { scope }) };
  throw new UsageError(`-carry is all, signatures, accepted or none, not ${quote(text ?? '')}`);
}

function scopeOf(flags: FlagValues): CarrySelection['scope'] {
  const text = flags.text('carry-scope')?.toLowerCase();
  const scope = CARRY_SCOPES.find((name) => name === text);
  if (text === undefined || scope !== undefined) return scope;
  throw new UsageError(`-carry-scope is ${CARRY_SCOPES.join(' or ')}, not ${quote(text)}`);
}
