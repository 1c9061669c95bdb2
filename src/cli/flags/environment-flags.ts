import { nearest } from '../../base/text.ts';
import type { Flag } from './flag.ts';
import { FlagValues } from './flag-values.ts';
import { GENERAL_FLAGS, SNAPSHOT_FORMATS } from './flags.ts';
import { booleanOf } from './go-flags.ts';
import type { CommandLine } from './parse-command-line.ts';
import { UsageError } from './usage-error.ts';

/** A command line together with the flags of the environment. */
export interface CompletedFlags {
  readonly flags: FlagValues;
  /** Names of the flags that the environment gives. */
  readonly added: readonly string[];
  readonly warnings: readonly string[];
}

/** Variables with this prefix that are no flags. */
const OTHER_VARIABLES: readonly string[] = [
  'CIP_DEBUG',
  'CIP_AUDIT_MANIFEST_REPO_MANIFEST_DIR',
  'CIP_AUDIT_TESTCASE_UUID',
];

const SNAPSHOTS: readonly string[] = ['snapshot', 'manifest-based-snapshot-of'];

/** Flags, or `flag=value`, that contradict each other: each of the left with each of the right. */
const CONTRADICTIONS: readonly (readonly [readonly string[], readonly string[]])[] = [
  [['manifest'], ['thin-manifest-dir']],
  [
    ['confirm', 'parse-only'],
    ['plan-out', 'plan-key', 'review'],
  ],
  [['confirm', 'parse-only'], SNAPSHOTS],
  [['confirm'], ['parse-only']],
  [
    SNAPSHOTS,
    ['shard', 'shard-count', 'use-prow-manifest-diff', 'manifest-diff-since', 'manifest-diff-base'],
  ],
  [['snapshot'], ['manifest-based-snapshot-of']],
  [['use-prow-manifest-diff'], ['manifest-diff-since', 'manifest-diff-base']],
  [['manifest-diff-since'], ['manifest-diff-base']],
  [['shard'], ['shard-count']],
  [['output'], ['output-format']],
  [['report'], ['json-log-summary']],
  [['no-auth'], ['oidc-audience', 'oidc-email', 'webhook-token-file', 'webhook-hmac-key-file']],
  [['repair'], ['via']],
  [['quiet'], ['verbose']],
  [['trusted-root'], ['tuf-mirror', 'tuf-root']],
  [['signer-account'], ['identity-token', 'sign-key', 'sign-command', 'sign-command-key']],
  [['identity-token'], ['sign-key', 'sign-command', 'sign-command-key']],
  [['sign-key'], ['sign-command', 'sign-command-key']],
  [['fulcio-url'], ['sign-key', 'sign-command', 'sign-command-key']],
  [['scan-results'], ['scan-command']],
  [['carry=none'], ['carry-types']],
];

/** Flags that write to a file, or to stdout: two of them cannot share one. */
const OUTPUTS: readonly string[] = ['report', 'report-markdown', 'report-html', 'plan-out'];

/** The environment variable of a flag: `CIP_KEY_FILES` of `-key-files`. */
export function variableOf(name: string): string {
  return `CIP_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** Whether a flag may come from the environment: a run that writes is asked for on the command line alone. */
export function isOfEnvironment({ name }: Pick<Flag, 'name'>): boolean {
  return name !== 'confirm' && name !== 'dry-run' && !GENERAL_FLAGS.some((flag) => flag.name === name);
}

/**
 * Adds the flags that `CIP_*` variables give. A flag on the command line wins over its variable, and over those that
 * contradict it. Flags that the command does not take are left out. Throws a `UsageError` for a `CIP_CONFIRM`.
 */
export function addEnvironment(
  { command, flags: given }: Pick<CommandLine, 'command' | 'flags'>,
  { env, known }: { readonly env: NodeJS.ProcessEnv; readonly known: readonly Flag[] },
): CompletedFlags {
  refuseConfirmation(command.flags, env);
  const added = new Map<string, readonly string[]>();
  const mayPromote = command.flags.some(({ name }) => SNAPSHOTS.includes(name));
  const isPromotion = mayPromote && !SNAPSHOTS.some((name) => given.isGiven(name) || env[variableOf(name)]);
  for (const flag of command.flags.filter(isOfEnvironment)) {
    if (isPromotion && SNAPSHOT_FORMATS.includes(flag.name)) continue;
    const text = env[variableOf(flag.name)];
    if (text && !isForOthers(flag, text, known) && !loses(flag.name, text, given))
      added.set(flag.name, valuesOf(flag, text));
  }
  const values = new Map([...added, ...given.names.map((name) => [name, given.all(name)] as const)]);
  return { flags: new FlagValues(values), added: Array.from(added.keys()), warnings: warningsOf(env, known) };
}

/** A refusal that says which of its flags come from the environment. */
export function nameVariables(error: unknown, added: readonly string[]): unknown {
  if (!(error instanceof UsageError)) return error;
  const words = new Set(error.message.match(/(?<![\w-])-[a-z][\w-]*/g));
  const named = added.filter((name) => words.has(`-${name}`)).map(variableOf);
  if (named.length > 0) error.message += ` (from the environment: ${named.join(', ')})`;
  return error;
}

/** True for a value of the same flag of another command: `CIP_OUTPUT=yaml` is a format of snapshots, not of lint. */
function isForOthers({ name, values }: Flag, text: string, known: readonly Flag[]): boolean {
  const others = known.find((other) => other.name === name)?.values ?? [];
  return values !== undefined && !values.includes(text.toLowerCase()) && others.includes(text.toLowerCase());
}

function refuseConfirmation(flags: readonly Flag[], env: NodeJS.ProcessEnv): void {
  if (!flags.some(({ name }) => name === 'confirm')) return;
  if (env['CIP_CONFIRM'])
    throw new UsageError('CIP_CONFIRM is not allowed: -confirm must be on the command line');
  if (env['CIP_DRY_RUN'] && booleanOf({ name: 'dry-run' }, env['CIP_DRY_RUN'], 'CIP_DRY_RUN') === false)
    throw new UsageError('CIP_DRY_RUN=false is not allowed: -confirm must be on the command line');
}

function loses(name: string, text: string, given: FlagValues): boolean {
  if (given.isGiven(name)) return true;
  const isGiven = (other: string) => {
    const [flag = '', value] = other.split('=');
    const held = given.text(flag)?.toLowerCase();
    return given.isGiven(flag) && (value === undefined ? held !== 'false' : held === value);
  };
  const isOf = (side: readonly string[]) =>
    side.includes(name) || side.includes(`${name}=${text.toLowerCase()}`);
  const isConfirmed = isGiven('confirm') || given.text('dry-run') === 'false';
  const isEffective = (other: string) => (other === 'confirm' ? isConfirmed : isGiven(other));
  const isContradicted = CONTRADICTIONS.some(
    ([left, right]) => (isOf(left) && right.some(isEffective)) || (isOf(right) && left.some(isEffective)),
  );
  const isToStdout = name === 'json-log-summary' || name === 'output';
  const place = isToStdout ? '-' : OUTPUTS.includes(name) ? text : undefined;
  const places = OUTPUTS.flatMap((other) => given.all(other));
  if (given.isOn('json-log-summary') || given.isGiven('output')) places.push('-');
  return isContradicted || (place !== undefined && places.includes(place));
}

/** The values of a variable; those of a repeatable flag have spaces between them. */
function valuesOf(flag: Flag, text: string): readonly string[] {
  if (flag.value === undefined) return [String(booleanOf(flag, text, variableOf(flag.name)))];
  return flag.repeatable ? text.split(/\s+/).filter((value) => value !== '') : [text];
}

function warningsOf(env: NodeJS.ProcessEnv, known: readonly Flag[]): string[] {
  const variables = [...known.map(({ name }) => variableOf(name)), ...OTHER_VARIABLES];
  const unknown = Object.keys(env).filter((name) => name.startsWith('CIP_') && !variables.includes(name));
  return unknown.toSorted().map((name) => {
    const meant = nearest(name, variables);
    const advice = meant === undefined ? '' : `: did you mean ${meant}?`;
    return `unknown variable ${name} is ignored${advice}`;
  });
}
