import { quote } from '../../../base/text.ts';
import type { Budgets } from '../../../http/limits/budgets.ts';
import type { LogLevel } from '../../../ports/log.ts';
import type { FlagValues } from '../flag-values.ts';
import { FORMER_FLAGS } from '../former-flags.ts';
import { UsageError } from '../usage-error.ts';
import { parseBudgets } from './parse-budget.ts';

/** The options of every run. */
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
  /** Warnings about flags without effect. */
  readonly warnings: readonly string[];
}

/** `legacy` is text with one line for each edge, in the words of the original. */
export type LogFormat = (typeof LOG_FORMATS)[number];
const LOG_FORMATS = ['text', 'json', 'legacy'] as const;

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

const DEFAULT_THREADS = 50;
/** More than any machine has connections for. */
const MAX_THREADS = 100_000;

/** The options that every run has. Throws a `UsageError` for what they cannot be. */
export function runOptionsOf(flags: FlagValues, warnings: readonly string[]): RunOptions {
  return {
    threads: threadsOf(flags),
    plainHttp: flags.all('plain-http').map(checkHost),
    keyFiles: keyFilesOf(flags),
    serviceAccounts: !flags.isOn('no-service-account'),
    caFiles: flags.all('ca-file'),
    trustedRealms: flags.all('trust-realm').map(checkTrustedRealm),
    budgets: parseBudgets(flags.all('budget')),
    log: logOptionsOf(flags),
    progress: !flags.isOn('no-progress'),
    warnings: [...commonWarningsOf(flags), ...warnings],
  };
}

function threadsOf(flags: FlagValues): number {
  const text = flags.text('threads');
  if (text === undefined) return DEFAULT_THREADS;
  if (!/^-?\d+$/.test(text)) throw new UsageError(`-threads is a number, not ${quote(text)}`);
  if (Number(text) > MAX_THREADS)
    throw new UsageError(`-threads is at most ${MAX_THREADS}, not ${quote(text)}`);
  return Number(text) > 0 ? Number(text) : DEFAULT_THREADS; // the original took 0 and less for its default
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
  const text = (flags.text('log-format') ?? 'text').toLowerCase();
  const format = LOG_FORMATS.find((name) => name === text);
  if (format === undefined) {
    throw new UsageError(`-log-format is text, json or legacy, not ${quote(text)}`);
  }
  return { level, format };
}

function commonWarningsOf(flags: FlagValues): string[] {
  const inert = FORMER_FLAGS.filter(({ name, inert }) => inert !== undefined && flags.isGiven(name));
  const warnings = inert.map(({ name, inert }) => `-${name} is ignored: ${inert}`);
  if (flags.text('threads') !== undefined && Number(flags.text('threads')) <= 0) {
    warnings.push(`-threads=${flags.text('threads')} means the default, ${DEFAULT_THREADS}`);
  }
  return warnings;
}
