import { quote } from '../../../base/text.ts';
import type { ProofScope } from '../../../checks/images-to-copy.ts';
import type { CarrySelection } from '../../../copy/carry/selection.ts';
import type { RuleSettings } from '../../../checks/rule-settings.ts';
import type { Shard } from '../../../edges/shard.ts';
import type { VerifierOptions } from '../../../adapters/sigstore/verify/open-verifier.ts';
import type { ManifestLocation } from '../../../manifest/read-manifests.ts';
import type { SignerPattern } from '../../../signature/identity-policy.ts';
import type { ManifestDiff } from '../../../workflows/changes/find-changes.ts';
import type { Given } from '../../commands/command.ts';
import type { FlagValues } from '../flag-values.ts';
import { BROWSE_FLAGS, SNAPSHOT_FORMATS } from '../flags.ts';
import { effective } from '../refuse-flags.ts';
import { UsageError } from '../usage-error.ts';
import { carryOf } from './carry-option.ts';
import { deadlineOf } from './deadline-option.ts';
import { diffSourceOf, isLimitedToChanges, manifestDiffOf } from './manifest-diff-option.ts';
import { proofOf, proofWarningsOf } from './proof-option.ts';
import { ruleLevelsOf } from './rule-option.ts';
import { type RunOptions, runOptionsOf } from './run-options.ts';
import { shardOf } from './shard-option.ts';
import { type SigningOptions, signingOf, signingWarningsOf } from './signing-options.ts';
import {
  certificateSignerOf,
  SIGNER_FLAGS,
  VERIFICATION_FLAGS,
  verifierOptionsOf,
} from './verification-options.ts';

/** A complete and consistent request: no default is applied after this. */
export interface PromotionOptions extends RunOptions, ReportFiles {
  readonly where: ManifestLocation;
  readonly task: 'parse-only' | 'dry-run' | 'promotion';
  /** Undefined: all destination repositories. */
  readonly shard: Shard | undefined;
  /** Maximum bytes of temporary files. */
  readonly spoolLimit: number;
  /** Milliseconds after which the run is stopped. */
  readonly deadline: number | undefined;
  readonly allowLost: boolean;
  /** The images whose sources a dry run checks for completeness. */
  readonly proof: ProofScope;
  /** Maximum bytes of the largest platform of an image. */
  readonly maxImageSize: number | undefined;
  /** The attachments to copy with the images. */
  readonly carry: CarrySelection | undefined;
  /** Undefined: nothing is signed. */
  readonly signing: SigningOptions | undefined;
  /** Whether destinations of a manifest may replace its source. */
  readonly siblings: boolean;
  /** What signatures are verified against. */
  readonly verifier: VerifierOptions;
  /** Who has to have signed the signatures that images have. */
  readonly signer: SignerPattern | undefined;
  /** Levels of checks. */
  readonly rules: RuleSettings['levels'];
  /** Whether to print annotations for a workflow of GitHub. */
  readonly annotations: boolean;
  /** The earlier state of the manifests; undefined for a run that is not limited to changes. */
  readonly diff: ManifestDiff | undefined;
  /** The flag or variable that names it. */
  readonly diffSource?: string | undefined;
  /** Whether a dry run compares new images with their predecessors, in the Markdown report. */
  readonly review: boolean;
  readonly reportAll: boolean;
  /** The file for the plan; `-` is stdout. */
  readonly planOut: string | undefined;
  /** File of the key that signs the plan. */
  readonly planKey: string | undefined;
}

/** The files for reports; `-` is stdout. */
export interface ReportFiles {
  /** The JSON report. */
  readonly report: string | undefined;
  readonly reportMarkdown: string | undefined;
  /** The page for a browser. */
  readonly reportHtml: string | undefined;
  /** JUnit files whose results the Markdown report gets. */
  readonly attachResults: readonly string[];
}

/** Mebibytes that most machines can spare. */
const DEFAULT_SPOOL_LIMIT = 8192;

/** The options of flags and of a job's environment. Throws a `UsageError` for missing and contradicting flags. */
export function makePromotionOptions(given: Pick<Given, 'flags' | 'env'>): PromotionOptions {
  return { ...makeUnlocatedOptions(given), where: locationOf(given.flags) };
}

/** The same without the location of the manifests. */
export function makeUnlocatedOptions({
  flags,
  env,
}: Pick<Given, 'flags' | 'env'>): Omit<PromotionOptions, 'where'> {
  const signing = signingOf(flags, env);
  const transfer = transferOptionsOf(flags);
  return {
    ...transfer,
    warnings: [...transfer.warnings, ...signingWarningsOf(flags, signing)],
    signing,
    shard: shardOf({ shard: flags.text('shard'), shardCount: flags.text('shard-count') }, env),
    siblings: !flags.isOn('no-siblings'),
    diff: manifestDiffOf(flags, env),
    diffSource: diffSourceOf(flags, env),
    verifier: verifierOptionsOf(flags),
    signer: certificateSignerOf(flags),
    rules: ruleLevelsOf(flags.all('rule')),
    annotations: annotationsOf(flags),
  };
}

function annotationsOf(flags: FlagValues): boolean {
  const format = flags.text('annotations')?.toLowerCase();
  if (format === undefined || format === 'github') return format !== undefined;
  throw new UsageError(`-annotations is github, not ${quote(format)}`);
}

/** The options of every run that copies images. */
export type TransferOptions = Omit<
  PromotionOptions,
  | 'where'
  | 'signing'
  | 'shard'
  | 'siblings'
  | 'diff'
  | 'diffSource'
  | 'verifier'
  | 'signer'
  | 'rules'
  | 'annotations'
>;

export function transferOptionsOf(flags: FlagValues): TransferOptions {
  const task = taskOf(flags);
  refuseSnapshotFormats(flags);
  return {
    ...runOptionsOf(flags, [...warningsOf(flags, task), ...proofWarningsOf(flags, task)]),
    task,
    spoolLimit: spoolLimitOf(flags),
    deadline: deadlineOf(flags),
    allowLost: flags.isOn('allow-lost'),
    proof: proofOf(flags),
    maxImageSize: maxImageSizeOf(flags),
    carry: carryOf(flags),
    ...reportFilesOf(flags),
    review: reviewOf(flags, task),
    reportAll: flags.isOn('report-all'),
    ...planFilesOf(flags, task),
  };
}

function planFilesOf(
  flags: FlagValues,
  task: PromotionOptions['task'],
): Pick<PromotionOptions, 'planOut' | 'planKey'> {
  const planOut = flags.text('plan-out');
  const planKey = flags.text('plan-key');
  if (planOut === undefined && planKey !== undefined) {
    throw new UsageError('-plan-key signs the plan of -plan-out, which is not given');
  }
  if (planOut !== undefined && task !== 'dry-run') {
    const spelling = task === 'promotion' ? '-confirm' : '-parse-only';
    throw new UsageError(`-plan-out writes the plan of a dry run, so it cannot go with ${spelling}`);
  }
  return { planOut, planKey };
}

function reviewOf(flags: FlagValues, task: PromotionOptions['task']): boolean {
  if (!flags.isOn('review')) return false;
  if (task !== 'dry-run') {
    const spelling = task === 'promotion' ? '-confirm' : '-parse-only';
    throw new UsageError(`-review reviews the images of a dry run, so it cannot go with ${spelling}`);
  }
  if (flags.text('report-markdown')) return true;
  throw new UsageError('-review is a part of the Markdown report: give -report-markdown=FILE too');
}

/** The location of the manifests, if given. */
export function optionalLocationOf(flags: FlagValues): ManifestLocation | undefined {
  return flags.text('manifest') || flags.text('thin-manifest-dir') ? locationOf(flags) : undefined;
}

export function locationOf(flags: FlagValues): ManifestLocation {
  const file = flags.text('manifest');
  const directory = flags.text('thin-manifest-dir');
  if (file && directory)
    throw new UsageError('-manifest and -thin-manifest-dir are two places to read from: give one');
  if (file) return { kind: 'plain', file };
  if (directory) return { kind: 'thin', directory };
  throw new UsageError('no manifest given: -manifest=FILE or -thin-manifest-dir=DIR is required');
}

function taskOf(flags: FlagValues): PromotionOptions['task'] {
  if (flags.isGiven('confirm') && flags.isGiven('dry-run')) {
    throw new UsageError('-confirm and -dry-run are two spellings of one choice: give one');
  }
  const confirm = flags.isOn('confirm') || (flags.isGiven('dry-run') && !flags.isOn('dry-run'));
  if (!flags.isOn('parse-only')) return confirm ? 'promotion' : 'dry-run';
  if (confirm)
    throw new UsageError('-parse-only stops before anything is promoted, so it cannot go with -confirm');
  return 'parse-only';
}

function spoolLimitOf(flags: FlagValues): number {
  const text = flags.text('spool-limit') ?? String(DEFAULT_SPOOL_LIMIT);
  if (!/^\d{1,9}$/.test(text)) {
    throw new UsageError(`-spool-limit is a number of mebibytes, not ${quote(text)}`);
  }
  return Number(text) * 1024 * 1024;
}

function maxImageSizeOf(flags: FlagValues): number | undefined {
  const text = flags.text('max-image-size');
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0) {
    throw new UsageError(`-max-image-size is a number of mebibytes above zero, not ${quote(text)}`);
  }
  return Number(text) * 1024 * 1024;
}

export function reportFilesOf(flags: FlagValues): ReportFiles {
  const report = flags.text('report') || undefined;
  const reportMarkdown = flags.text('report-markdown') || undefined;
  const summary = flags.isOn('json-log-summary');
  if (summary && report !== undefined && report !== '-') {
    throw new UsageError(`-json-log-summary means -report=-, which contradicts -report=${report}`);
  }
  const json = report ?? (summary ? '-' : undefined);
  const reportHtml = flags.text('report-html') || undefined;
  refuseSame([
    ['-report', json],
    ['-report-markdown', reportMarkdown],
    ['-report-html', reportHtml],
  ]);
  const attachResults = reportMarkdown === undefined ? [] : flags.all('attach-results');
  return { report: json, reportMarkdown, reportHtml, attachResults };
}

function refuseSame(files: readonly (readonly [string, string | undefined])[]): void {
  for (const [index, [flag, file]] of files.entries()) {
    const [other] = files.slice(0, index).find(([, earlier]) => earlier === file) ?? [];
    if (file !== undefined && other !== undefined)
      throw new UsageError(`${other} and ${flag} cannot both go to ${quote(file)}`);
  }
}

/** Flags that have no effect. */
function warningsOf(flags: FlagValues, task: PromotionOptions['task']): string[] {
  const withoutDiff = flags.isOn('allow-removal') && !isLimitedToChanges(flags);
  const reading = ['max-image-size', ...[...SIGNER_FLAGS, ...VERIFICATION_FLAGS].map(({ name }) => name)];
  const unread = task === 'parse-only' ? reading.filter((name) => flags.isGiven(name)) : [];
  return [
    ...effective(BROWSE_FLAGS, flags).map(({ name }) => `-${name} has no effect without -snapshot`),
    ...(withoutDiff ? ['-allow-removal has no effect without -manifest-diff-base or a similar flag'] : []),
    ...unread.map((name) => `-${name} has no effect with -parse-only: no registry is queried`),
  ];
}

/** Otherwise a script that expects JSON would read an empty stdout. */
function refuseSnapshotFormats(flags: FlagValues): void {
  const flag = SNAPSHOT_FORMATS.find((name) => flags.text(name));
  if (flag === undefined) return;
  throw new UsageError(
    `-${flag} is the format of -snapshot and cip diff: for a JSON report of this run, give -report=- or -report=FILE`,
  );
}
