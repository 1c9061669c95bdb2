import { quote } from '../../../base/text.ts';
import type { RateLimits } from '../../../http/limits/rate-limits.ts';
import type { LogLevel } from '../../../ports/log.ts';
import type { FlagValues } from '../flag-values.ts';
import { FORMER_FLAGS } from '../former-flags.ts';
import { UsageError } from '../usage-error.ts';
import { type MetricsTarget, metricsTargetOf } from './metrics-option.ts';
import { parseRateLimits } from './rate-limit-option.ts';

/** The options of every run. */
export interface RunOptions {
  readonly threads: number;
  readonly plainHttp: readonly string[];
  /** Key files of Google service accounts. */
  readonly keyFiles: readonly string[];
  /** Whether to use the service accounts of the manifests. */
  readonly serviceAccounts: boolean;
  readonly caFiles: readonly string[];
  /** Pairs `registry=token service`. */
  readonly trustedRealms: readonly string[];
  readonly rateLimits: RateLimits;
  readonly log: LogOptions;
  readonly progress: boolean;
  /** Undefined: the run has no metrics. */
  readonly metrics: MetricsTarget | undefined;
  /** Warnings about flags without effect. */
  readonly warnings: readonly string[];
}

/** `legacy` is text with one line for each edge, in the words of the original. */
export type LogFormat = (typeof LOG_FORMATS)[number];
const LOG_FORMATS = ['text', 'json', 'legacy'] as const;

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** `quiet`: only the verdict and problems; `verbose`: every edge, with full digests. */
  readonly detail: 'quiet' | 'normal' | 'verbose';
  /** False with -no-color. */
  readonly colours: boolean;
}

const DEFAULT_THREADS = 50;
/** More connections than any machine can have. */
const MAX_THREADS = 100_000;

/** The options of every run. Throws a `UsageError` for an invalid one. */
export function runOptionsOf(flags: FlagValues, warnings: readonly string[]): RunOptions {
  return {
    threads: threadsOf(flags),
    plainHttp: flags.all('plain-http').map(checkHost),
    keyFiles: keyFilesOf(flags),
    serviceAccounts: !flags.isOn('no-service-account'),
    caFiles: flags.all('ca-file'),
    trustedRealms: flags.all('trust-realm').map(checkTrustedRealm),
    rateLimits: parseRateLimits(flags.all('budget')),
    log: logOptionsOf(flags),
    progress: !flags.isOn('no-progress'),
    metrics: metricsTargetOf(flags.text('metrics')),
    warnings: [...commonWarningsOf(flags), ...warnings],
  };
}

function threadsOf(flags: FlagValues): number {
  const text = flags.text('threads');
  if (text === undefined) return DEFAULT_THREADS;
  if (!/^-?\d+$/.test(text)) throw new UsageError(`-threads is a number, not ${quote(text)}`);
  if (Number(text) > MAX_THREADS)
    throw new UsageError(`-threads is at most ${MAX_THREADS}, not ${quote(text)}`);
  return Number(text) > 0 ? Number(text) : DEFAULT_THREADS; // as in the original `cip`
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

/** The logrus levels of the original `cip`, and their equivalents. */
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
  const detail = detailOf(flags);
  return {
    level: levelOf(flags, detail === 'quiet' ? 'warning' : 'info'),
    format: formatOf(flags),
    detail,
    colours: !flags.isOn('no-color'),
  };
}

function detailOf(flags: FlagValues): LogOptions['detail'] {
  const [quiet, verbose] = [flags.isOn('quiet'), flags.isOn('verbose')];
  if (quiet && verbose) throw new UsageError('-quiet and -verbose contradict each other: give one');
  if (quiet) return 'quiet';
  return verbose ? 'verbose' : 'normal';
}

function levelOf(flags: FlagValues, usual: LogLevel): LogLevel {
  const level = LEVELS[(flags.text('log-level') ?? usual).toLowerCase()];
  if (level === undefined) {
    throw new UsageError(
      `-log-level is debug, info, warning or error, not ${quote(flags.text('log-level') ?? '')}`,
    );
  }
  return level;
}

function formatOf(flags: FlagValues): LogFormat {
  const text = (flags.text('log-format') ?? 'text').toLowerCase();
  const format = LOG_FORMATS.find((name) => name === text);
  if (format === undefined) {
    throw new UsageError(`-log-format is text, json or legacy, not ${quote(text)}`);
  }
  return format;
}

function commonWarningsOf(flags: FlagValues): string[] {
  const inert = FORMER_FLAGS.filter(({ name, inert }) => inert !== undefined && flags.isGiven(name));
  const warnings = inert.map(({ name, inert }) => `-${name} is ignored: ${inert}`);
  if (flags.text('threads') !== undefined && Number(flags.text('threads')) <= 0) {
    warnings.push(`-threads=${flags.text('threads')} means the default, ${DEFAULT_THREADS}`);
  }
  if (flags.isGiven('attach-results') && !flags.text('report-markdown'))
    warnings.push('-attach-results has no effect without -report-markdown');
  return warnings;
}
