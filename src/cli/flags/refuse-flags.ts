import type { Flag } from './flag.ts';
import type { FlagValues } from './flag-values.ts';
import { UsageError } from './usage-error.ts';

/** Throws a `UsageError` for flags that are gone, contradictory or empty. */
export function refuseUnusable(flags: readonly Flag[], given: FlagValues): void {
  const wanted = flags.filter(({ name }) => isWanted(given.text(name)));
  const gone = wanted.filter(({ refused }) => refused !== undefined);
  if (gone.length > 0) {
    throw new UsageError(gone.map(({ name, refused }) => `-${name} is gone: ${refused}`).join('; '));
  }
  for (const flag of flags) {
    refuseRepeated(flag, given.all(flag.name));
    if (flag.neverEmpty && given.all(flag.name).includes('')) {
      throw new UsageError(`-${flag.name} is given without a value: give one, or leave the flag out`);
    }
  }
}

/** Those of some flags that are given and not switched off. */
export function effective(flags: readonly Flag[], given: FlagValues): readonly Flag[] {
  return flags.filter(({ name }) => given.isGiven(name) && given.text(name) !== 'false');
}

/** Flags for a message: `-a, -b`. */
export function listFlags(flags: readonly Pick<Flag, 'name'>[]): string {
  return flags.map(({ name }) => `-${name}`).join(', ');
}

/** The same value twice is the same; two different values are a contradiction, whichever came last. */
function refuseRepeated({ name, repeatable, inert }: Flag, values: readonly string[]): void {
  const given = new Set(values);
  if (repeatable || inert !== undefined || given.size < 2) return;
  const all = Array.from(given, (value) => `-${name}=${value}`).join(' and ');
  throw new UsageError(`${all} contradict each other: give one`);
}

/** `-minimal-snapshot=false` spells the default, and asks for nothing. */
function isWanted(value: string | undefined): boolean {
  return value !== undefined && value !== 'false' && value !== '';
}
