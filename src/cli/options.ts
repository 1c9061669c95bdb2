import type { Budgets } from '../adapters/oci/budget.ts';
import { quote } from '../base/text.ts';
import type { Shard } from '../edges/shard.ts';
import type { ManifestLocation } from '../manifest/read-manifests.ts';
import type { LogLevel } from '../ports/log.ts';
import { type FlagName, FLAGS } from './flags.ts';
import type { ParsedFlags } from './command.ts';
import { parseBudgets } from './parse-budget.ts';
import { parseDuration } from './parse-duration.ts';
import { shardOf } from './shard-option.ts';
import { UsageError } from './usage-error.ts';

/** A complete and consistent request: nothing after this applies a default. */
export interface Options extends RunOptions {
  readonly where: ManifestLocation;
  readonly task: 'parse-only' | 'dry-run' | 'promotion';
  /** Undefined for everything that is wanted. */
  readonly shard: Shard | undefined;
  /** Bytes of temporary files. */
  readonly spoolLimit: number;
  /** Milliseconds after which the run is stopped. */
  readonly deadline: number | undefined;
  readonly allowLost: boolean;
  /** Where the JSON report goes; `-` is stdout. */
  readonly report: string | undefined;
  readonly reportMarkdown: string | undefined;
  readonly reportAll: boolean;
}

/** What every run needs to know, whatever it is for. */
export interface RunOptions {
  readonly threads: number;
  readonly plainHttp: readonly string[];
  /** Key files of Google service accounts. */
  readonly keyFiles: readonly string[];
  /** Whether the accounts of the manifests count. */
  readonly serviceAccounts: boolean;
  readonly caFiles: readonly string[];
  /** Pairs `registry=token service`. */
  readonly trustedRealms: readonly string[];
  readonly budgets: Budgets;
  readonly log: LogOptions;
  readonly progress: boolean;
  /** What to tell the user about flags that do nothing. */
  readonly warnings: readonly string[];
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'text' | 'json';
}

const DEFAULT_THREADS = 50;
/** More than any machine has connections for. */
const MAX_THREADS = 100_000;
/** Mebibytes: as much as most machines can spare. */
const DEFAULT_SPOOL_LIMIT = 8192;

/** The options that flags ask for, and the environment of a job. Throws a `UsageError` for contradictions and for what is missing. */
export function makeOptions({ values }: Pick<ParsedFlags, 'values'>, env: NodeJS.ProcessEnv): Options {
  const flags = new FlagValues(values);
  return {
    ...runOptionsOf(values, warningsOf(flags)),
    where: locationOf(flags),
    task: taskOf(flags),
    shard: shardOf({ shard: flags.text('shard'), shardCount: flags.text('shard-count') }, env),
    spoolLimit: spoolLimitOf(flags),
    deadline: deadlineOf(flags),
    allowLost: flags.isOn('allow-lost'),
    ...reportsOf(flags),
    reportAll: flags.isOn('report-all'),
  };
}

/** The options that every run has. Throws a `UsageError` for what they cannot be. */
export function runOptionsOf(values: ParsedFlags['values'], warnings: readonly string[]): RunOptions {
  const flags = new FlagValues(values);
  refuseRemoved(values);
  refusePlanned(values);
  refuseRepeated(values);
  refuseEmpty(values);
  return {
    threads: threadsOf(flags),
    plainHttp: (values.get('plain-http') ?? []).map(checkHost),
    keyFiles: keyFilesOf(flags),
    serviceAccounts: !flags.isOn('no-service-account'),
    caFiles: values.get('ca-file') ?? [],
    trustedRealms: (values.get('trust-realm') ?? []).map(checkTrustedRealm),
    budgets: parseBudgets(values.get('budget') ?? []),
    log: logOptionsOf(flags),
    progress: !flags.isOn('no-progress'),
    warnings: [...commonWarningsOf(values, flags), ...warnings],
  };
}

export class FlagValues {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  text(name: FlagName): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  isGiven(name: FlagName): boolean {
    return this.#values.has(name);
  }

  isOn(name: FlagName): boolean {
    return this.text(name) === 'true';
  }
}

function refusePlanned(values: ParsedFlags['values']): void {
  const asked = FLAGS.filter(({ name, planned }) => planned && isWanted(values.get(name)));
  if (asked.length === 0) return;
  const names = asked.map(({ name }) => `-${name}`).join(', ');
  throw new UsageError(`not built yet: ${names}`);
}

function refuseRemoved(values: ParsedFlags['values']): void {
  const asked = FLAGS.filter(({ name, refused }) => refused !== undefined && isWanted(values.get(name)));
  if (asked.length === 0) return;
  throw new UsageError(asked.map(({ name, refused }) => `-${name} is gone: ${refused}`).join('; '));
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

const NEVER_EMPTY = [
  'snapshot',
  'manifest-based-snapshot-of',
  'via',
  'snapshot-tag',
  'output-format',
  'output',
  'snapshot-repositories',
] as const satisfies readonly FlagName[];

/** `-minimal-snapshot=false` and `-vuln-severity-threshold=-1` spell the default, and ask for nothing. */
function isWanted(given: readonly string[] | undefined): boolean {
  const last = given?.at(-1);
  return last !== undefined && last !== 'false' && last !== '-1' && last !== '';
}

/** The flags that say what a snapshot is of, and how it looks. */
const SNAPSHOT_ONLY = [
  'minimal-snapshot',
  'snapshot-tag',
  'snapshot-repositories',
  'snapshot-service-account',
  'output-format',
  'output',
] as const satisfies readonly FlagName[];

export function locationOf(flags: FlagValues): ManifestLocation {
  const file = flags.text('manifest');
  const directory = flags.text('thin-manifest-dir');
  if (file && directory)
    throw new UsageError('-manifest and -thin-manifest-dir are two places to read from: give one');
  if (file) return { kind: 'plain', file };
  if (directory) return { kind: 'thin', directory };
  throw new UsageError('no manifest given: -manifest=FILE or -thin-manifest-dir=DIR is required');
}

function taskOf(flags: FlagValues): Options['task'] {
  if (flags.isGiven('confirm') && flags.isGiven('dry-run')) {
    throw new UsageError('-confirm and -dry-run are two spellings of one choice: give one');
  }
  const confirm = flags.isOn('confirm') || (flags.isGiven('dry-run') && !flags.isOn('dry-run'));
  if (!flags.isOn('parse-only')) return confirm ? 'promotion' : 'dry-run';
  if (confirm)
    throw new UsageError('-parse-only stops before anything is promoted, so it cannot go with -confirm');
  return 'parse-only';
}

function threadsOf(flags: FlagValues): number {
  const text = flags.text('threads');
  if (text === undefined) return DEFAULT_THREADS;
  if (!/^-?\d+$/.test(text)) throw new UsageError(`-threads is a number, not ${quote(text)}`);
  if (Number(text) > MAX_THREADS)
    throw new UsageError(`-threads is at most ${MAX_THREADS}, not ${quote(text)}`);
  return Number(text) > 0 ? Number(text) : DEFAULT_THREADS; // the original took 0 and less for its default
}

function deadlineOf(flags: FlagValues): number | undefined {
  const text = flags.text('deadline');
  if (text === undefined) return undefined;
  const milliseconds = parseDuration(text);
  if (milliseconds !== undefined && milliseconds > 0) return milliseconds;
  throw new UsageError(`-deadline is a duration above zero like 90m, 1h30m or 45s, not ${quote(text)}`);
}

function spoolLimitOf(flags: FlagValues): number {
  const text = flags.text('spool-limit') ?? String(DEFAULT_SPOOL_LIMIT);
  if (!/^\d{1,9}$/.test(text)) {
    throw new UsageError(`-spool-limit is a number of mebibytes, not ${quote(text)}`);
  }
  return Number(text) * 1024 * 1024;
}

export function reportsOf(flags: FlagValues): Pick<Options, 'report' | 'reportMarkdown'> {
  const report = flags.text('report') || undefined;
  const reportMarkdown = flags.text('report-markdown') || undefined;
  const summary = flags.isOn('json-log-summary');
  if (summary && report !== undefined && report !== '-') {
    throw new UsageError(`-json-log-summary means -report=-, which contradicts -report=${report}`);
  }
  const json = report ?? (summary ? '-' : undefined);
  if (json !== undefined && json === reportMarkdown) {
    throw new UsageError(`-report and -report-markdown cannot both go to ${quote(json)}`);
  }
  return { report: json, reportMarkdown };
}

function keyFilesOf(flags: FlagValues): readonly string[] {
  const text = flags.text('key-files') ?? '';
  const files = text.split(',').filter((file) => file.trim() !== '');
  if (text !== '' && files.length === 0) throw new UsageError(`-key-files names no file: ${quote(text)}`);
  return files;
}

function checkHost(host: string): string {
  if (/^[^\s/@=]+$/.test(host) && URL.canParse(`http://${host}`)) return host;
  throw new UsageError(
    `-plain-http is a host or host:port, without a scheme and without a path, not ${quote(host)}`,
  );
}

function checkTrustedRealm(pair: string): string {
  if (/^[^=/]+=[^=/]+$/.test(pair)) return pair;
  throw new UsageError(`-trust-realm is REGISTRY=HOST, two hosts without a scheme, not ${quote(pair)}`);
}

/** The logrus levels of the original, and what they are here. */
const LEVELS: Readonly<Record<string, LogLevel>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warning',
  warning: 'warning',
  error: 'error',
  fatal: 'error',
  panic: 'error',
};

export function logOptionsOf(flags: FlagValues): LogOptions {
  const level = LEVELS[(flags.text('log-level') ?? 'info').toLowerCase()];
  if (level === undefined) {
    throw new UsageError(
      `-log-level is debug, info, warning or error, not ${quote(flags.text('log-level') ?? '')}`,
    );
  }
  const format = (flags.text('log-format') ?? 'text').toLowerCase();
  if (format !== 'text' && format !== 'json') {
    throw new UsageError(`-log-format is text or json, not ${quote(format)}`);
  }
  return { level, format };
}

/** What is of snapshots alone changes nothing here. */
function warningsOf(flags: FlagValues): string[] {
  const given = SNAPSHOT_ONLY.filter((name) => flags.isGiven(name) && flags.text(name) !== 'false');
  return given.map((name) => `-${name} has no effect without -snapshot`);
}

function commonWarningsOf(values: ParsedFlags['values'], flags: FlagValues): string[] {
  const inert = FLAGS.filter(({ name, inert }) => inert !== undefined && values.has(name));
  const warnings = inert.map(({ name, inert }) => `-${name} is ignored: ${inert}`);
  if (flags.text('threads') !== undefined && Number(flags.text('threads')) <= 0) {
    warnings.push(`-threads=${flags.text('threads')} means the default, ${DEFAULT_THREADS}`);
  }
  return warnings;
}
