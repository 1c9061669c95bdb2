import type { ParsedFlags } from '../commands/command.ts';
import { FLAGS, type FlagName } from './flags.ts';
import { UsageError } from './usage-error.ts';

const NEVER_EMPTY = [
  'snapshot',
  'manifest-based-snapshot-of',
  'via',
  'snapshot-tag',
  'output-format',
  'output',
  'snapshot-repositories',
] as const satisfies readonly FlagName[];

/** Throws a `UsageError` for flags that are not there any more or not yet, are given twice or without their value. */
export function refuseUnusable(values: ParsedFlags['values']): void {
  refuseRemoved(values);
  refusePlanned(values);
  refuseRepeated(values);
  refuseEmpty(values);
}

function refuseRemoved(values: ParsedFlags['values']): void {
  const asked = FLAGS.filter(({ name, refused }) => refused !== undefined && isWanted(values.get(name)));
  if (asked.length === 0) return;
  throw new UsageError(asked.map(({ name, refused }) => `-${name} is gone: ${refused}`).join('; '));
}

function refusePlanned(values: ParsedFlags['values']): void {
  const asked = FLAGS.filter(({ name, planned }) => planned && isWanted(values.get(name)));
  if (asked.length === 0) return;
  const names = asked.map(({ name }) => `-${name}`).join(', ');
  throw new UsageError(`not built yet: ${names}`);
}

/** The same again is the same; two different values are a contradiction, whichever came last. */
export function refuseRepeated(values: ParsedFlags['values']): void {
  for (const { name, repeatable, inert } of FLAGS) {
    const given = new Set(values.get(name));
    if (repeatable || inert !== undefined || given.size < 2) continue;
    const all = Array.from(given, (value) => `-${name}=${value}`).join(' and ');
    throw new UsageError(`${all} contradict each other: give one`);
  }
}

/** A variable that is not set must not turn a snapshot into a promotion, or all that is asked into less. */
function refuseEmpty(values: ParsedFlags['values']): void {
  for (const name of NEVER_EMPTY) {
    if (!values.get(name)?.includes('')) continue;
    throw new UsageError(`-${name} is given without a value: give one, or leave the flag out`);
  }
}

/** `-minimal-snapshot=false` and `-vuln-severity-threshold=-1` spell the default, and ask for nothing. */
function isWanted(given: readonly string[] | undefined): boolean {
  const last = given?.at(-1);
  return last !== undefined && last !== 'false' && last !== '-1' && last !== '';
}
