import {
  type ContainerAnalysisOptions,
  createContainerAnalysis,
} from '../../adapters/google/container-analysis.ts';
import { MAX_DOCUMENT_BYTES, parseScanFile, parseVex } from '../../adapters/scanners/parse-document.ts';
import { createScanCommand, parseScanCommand } from '../../adapters/scanners/scan-command.ts';
import { createScanFiles } from '../../adapters/scanners/scan-files.ts';
import { messageOf } from '../../base/errors.ts';
import { quote } from '../../base/text.ts';
import type { RuleSettings } from '../../checks/rule-settings.ts';
import {
  type VulnerabilityGate,
  vulnerabilityGate,
} from '../../checks/vulnerabilities/vulnerability-gate.ts';
import type { VulnerabilitySource } from '../../ports/vulnerabilities.ts';
import { makeVulnerabilityTables } from '../../report/attached/vulnerability-tables.ts';
import type { VulnerabilityOptions } from '../flags/options/vulnerability-options.ts';
import { UsageError } from '../flags/usage-error.ts';
import { gatePolicyOf } from './gate-policy.ts';
import type { ReportTargets } from '../output/write-report.ts';
import { readInput, unusableInput } from '../runtime/read-input.ts';

export interface GateParts {
  readonly options: VulnerabilityOptions;
  readonly rules: RuleSettings;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/** The gate of a run before its registries are open. */
export interface PreparedGate {
  open(google: ContainerAnalysisOptions): VulnerabilityGate;
  /** The tables of its results beside those of a Markdown report. */
  withTables(places: ReportTargets): ReportTargets;
}

/** Reads the files of the gate, before any request. Undefined: the gate is off. Throws a `UsageError` or an `InputError`. */
export async function prepareGate({
  options,
  rules,
  env,
  now,
  signal,
}: GateParts): Promise<PreparedGate | undefined> {
  const policy = gatePolicyOf(rules, options);
  if (policy === undefined) return undefined;
  const statements = await readAll(options.vex, { noun: 'the VEX document', parse: parseVex, signal });
  const own = await openOwnSource(options, env, signal);
  const today = new Date(now).toISOString().slice(0, 10);
  const level = rules.levels.get('vulnerabilities') ?? 'error';
  return {
    open: (google) => {
      const source = own ?? createContainerAnalysis(google);
      return vulnerabilityGate({ ...policy, statements: statements.flat(), today, source }, level);
    },
    withTables: (places) => ({
      ...places,
      attached: (report) => [...(places.attached?.(report) ?? []), ...makeVulnerabilityTables(report)],
    }),
  };
}

/** Files or a command; undefined for neither. */
async function openOwnSource(
  { scanResults, scanCommand }: VulnerabilityOptions,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<VulnerabilitySource | undefined> {
  if (scanCommand !== undefined) {
    try {
      return createScanCommand({ words: parseScanCommand(scanCommand), env });
    } catch (error) {
      throw new UsageError(`-scan-command=${quote(scanCommand)}: ${messageOf(error)}`);
    }
  }
  if (scanResults.length === 0) return undefined;
  return createScanFiles(
    await readAll(scanResults, { noun: 'the scan results', parse: parseScanFile, signal }),
  );
}

interface Reading<T> {
  readonly noun: string;
  readonly parse: (text: string) => T;
  readonly signal: AbortSignal;
}

/** One after the other: each may be large. */
async function readAll<T>(
  files: readonly string[],
  { noun, parse, signal }: Reading<T>,
): Promise<readonly T[]> {
  const parsed: T[] = [];
  for (const file of files) {
    // oxlint-disable-next-line no-await-in-loop -- see above
    const text = await readInput(file, { noun, maxBytes: MAX_DOCUMENT_BYTES, signal });
    try {
      parsed.push(parse(text));
    } catch (error) {
      throw unusableInput(file, noun, messageOf(error));
    }
  }
  return parsed;
}
