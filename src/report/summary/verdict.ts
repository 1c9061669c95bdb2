import { countOf } from '../../base/text.ts';
import type { ShardIdentity } from '../../edges/shard.ts';
import type { Envelope } from '../envelope.ts';
import type { PromotionReport, Report, RunReport, Verification } from '../report.ts';
import { unsignedIn } from '../signing.ts';

type Counts = Readonly<Record<string, number>>;

/** The manifests and shards of a run. */
interface Scope extends Pick<Envelope, 'manifests' | 'shards'> {
  readonly shard?: Pick<ShardIdentity, 'index' | 'count'> | undefined;
}

interface Planned extends Scope {
  readonly mode: Report['mode'];
  /** Number of edges by decision. */
  readonly summary: Counts;
}

/** The first line of a promotion or dry run. */
export function planSentence(planned: Planned): string {
  return `Plan: ${scopeOf(planned)}: ${plannedCounts(planned)}${partOf(planned)}`;
}

/** The first line of a run. */
export function openingSentence(report: Report): string {
  switch (report.mode) {
    case 'promotion':
    case 'dry-run':
      return planSentence(report);
    case 'parse-only':
      return `Check: ${scopeOf(report, 'for')}${partOf(report)}`;
    case 'verify':
      return verifySentence(report);
    case 'audit':
      return auditSentence(report);
    case 'sigcheck':
      return sigcheckSentence(report);
    default:
      return report satisfies never;
  }
}

/** The next step after a dry run. */
export function confirmHint(report: Report): string {
  return `-confirm ${'plan' in report ? 'applies the plan' : 'promotes'}`;
}

/** The first line of a verification. */
export function verifySentence(scope: Scope & Pick<Verification, 'via'>): string {
  return `Verify: ${scopeOf(scope, 'at')}${through(scope.via)}${partOf(scope)}`;
}

/** The first line of an audit. */
export function auditSentence(scope: Scope): string {
  return `Audit: ${scopeOf(scope, 'at')}${partOf(scope)}`;
}

/** The first line of a signature check. */
export function sigcheckSentence(scope: Scope): string {
  return `Signatures: ${scopeOf(scope, 'at')}${partOf(scope)}`;
}

/** The last line of a run: results and exit code. */
export function verdictOf(report: Report, exitCode: number): string {
  const stopped = report.stopped ? ', stopped early' : '';
  const via = report.mode === 'verify' ? through(report.via) : '';
  const scope = `${scopeOf(report, PREPOSITIONS[report.mode])}${via}`;
  return `${verbOf(report, exitCode)} ${scope}: ${resultsOf(report)}${stopped}${partOf(report)} (exit ${exitCode})`;
}

const PREPOSITIONS = {
  promotion: 'to',
  'dry-run': 'to',
  'parse-only': 'for',
  verify: 'at',
  audit: 'at',
  sigcheck: 'at',
} as const;

function verbOf(report: Report, exitCode: number): string {
  if (report.mode === 'verify') return 'Verified';
  if (report.mode === 'audit') return 'Audited';
  if (report.mode === 'sigcheck') return 'Checked the signatures of';
  const { mode, summary } = report;
  switch (mode) {
    case 'promotion':
      return summary.copied === 0 && exitCode !== 0 ? 'Promoted none of' : 'Promoted';
    case 'dry-run':
      return summary.copy + summary['add-tag'] === 0 && exitCode !== 0
        ? 'Would promote none of'
        : 'Would promote';
    case 'parse-only':
      return 'Checked';
    default:
      return mode satisfies never;
  }
}

/** `30 images to 20 destinations`: an image is a digest of a manifest, a destination one of its registries. */
function scopeOf({ manifests: { digests, destinations } }: Pick<Envelope, 'manifests'>, to = 'to'): string {
  const images = countOf(digests, 'image');
  return destinations === undefined ? images : `${images} ${to} ${countOf(destinations, 'destination')}`;
}

/** A mirror that was read in the place of the destinations. */
function through(via: string | null): string {
  return via === null ? '' : ` as ${via} serves them`;
}

function partOf({ shard, shards }: Scope): string {
  if (shard !== undefined) return ` (shard ${shard.index}/${shard.count})`;
  return shards === undefined ? '' : ` (${shards.length} shards merged)`;
}

function resultsOf(report: Report): string {
  const counts: Counts = report.summary;
  switch (report.mode) {
    case 'promotion':
      return list([
        `${counts['copied'] ?? 0} copied`,
        `${counts['failed'] ?? 0} failed`,
        ...nonZero(counts, { 'not-attempted': 'not attempted' }),
        ...(refusedIn(counts) === 0 ? [] : [`${refusedIn(counts)} refused`]),
        ...problems(counts),
        ...nonZero(counts, { present: 'already present' }),
        ...attachmentsOf(report),
        ...signingIn(report),
      ]);
    case 'dry-run':
      return list([plannedCounts(report), ...attachmentsOf(report), ...signingIn(report)]);
    case 'parse-only':
      return list([`${counts['conflict'] ?? 0} in conflict`, `${counts['invalid'] ?? 0} malformed`]);
    case 'verify':
      return list([
        `${counts['present'] ?? 0} present`,
        ...nonZero(counts, {
          repaired: 'repaired',
          missing: 'missing',
          different: 'different',
          incomplete: 'incomplete',
          conflict: 'in conflict',
          unreadable: 'unreadable',
          'not-checked': 'not checked',
          invalid: 'malformed',
        }),
      ]);
    case 'audit':
      return list([
        `${counts['present'] ?? 0} present`,
        ...unknownIn(counts),
        ...nonZero(counts, {
          allowed: 'allowed',
          different: 'different',
          missing: 'missing',
          conflict: 'in conflict',
          unreadable: 'unreadable',
          'not-checked': 'not checked',
          invalid: 'malformed',
        }),
      ]);
    case 'sigcheck':
      return list([
        `${counts['signed'] ?? 0} signed`,
        ...nonZero(counts, {
          repaired: 'repaired',
          unsigned: 'unsigned',
          partial: 'partly signed',
          unattested: 'unattested',
          'other-identity': 'signed by others',
          refused: 'with invalid signatures',
          uncarried: 'without attachments of the source',
          unreadable: 'unreadable',
          'not-checked': 'not checked',
          invalid: 'malformed',
        }),
        ...attachmentsOf(report),
      ]);
    default:
      return report satisfies never;
  }
}

/** Images whose signatures were made or are missing. An image at one destination counts once. */
function signingIn(report: Report & Pick<RunReport, 'signing'>): string[] {
  const { signed = 0, unsigned = 0 } = report.signing?.summary ?? {};
  const counts = { signed, planned: unsigned, unsigned: unsignedIn(report) };
  return nonZero(counts, { signed: 'signed', planned: 'to sign', unsigned: 'unsigned' });
}

/** Content that no manifest allows. */
function unknownIn(counts: Counts): string[] {
  const repositories = counts['unknown-repository'] ?? 0;
  return [
    ...nonZero(counts, { 'unknown-tag': 'unknown by tag', 'unknown-digest': 'unknown by digest' }),
    ...(repositories === 0
      ? []
      : [`${repositories} unknown ${repositories === 1 ? 'repository' : 'repositories'}`]),
  ];
}

function plannedCounts({ mode, summary: counts }: Planned): string {
  const unread = unreadIn(counts, mode);
  return list([
    `${counts['copy'] ?? 0} to copy`,
    ...nonZero(counts, { 'add-tag': 'to tag' }),
    `${refusedIn(counts)} refused`,
    ...problems(counts),
    ...(unread === 0 ? [] : [`${unread} not attempted`]),
    ...nonZero(counts, { present: 'already present' }),
  ]);
}

/** Edges that the plan does not decide on: the run was stopped before their destination was read. */
function unreadIn(counts: Counts, mode: Report['mode']): number {
  const of = (name: string) => counts[name] ?? 0;
  const undone = of('not-attempted');
  return mode === 'promotion' ? undone + of('copied') + of('failed') - of('copy') - of('add-tag') : undone;
}

/** Edges that are not written: the tag has another digest, manifests contradict each other, or a check failed. */
function refusedIn(counts: Counts): number {
  return (counts['tag-move'] ?? 0) + (counts['conflict'] ?? 0) + (counts['blocked'] ?? 0);
}

function problems(counts: Counts): string[] {
  return nonZero(counts, { lost: 'lost', unreadable: 'unreadable', invalid: 'malformed' });
}

function attachmentsOf({ attachments }: Pick<PromotionReport, 'attachments'>): string[] {
  const { carried = 0, planned = 0, ignored = 0 } = attachments ?? {};
  return [
    ...(carried === 0 ? [] : [`${countOf(carried, 'attachment')} carried`]),
    ...(planned === 0 ? [] : [`${countOf(planned, 'attachment')} to carry`]),
    ...(ignored === 0 ? [] : [`${countOf(ignored, 'attachment')} ignored`]),
  ];
}

function nonZero(counts: Counts, words: Readonly<Record<string, string>>): string[] {
  return Object.entries(words).flatMap(([name, word]) => {
    const count = counts[name] ?? 0;
    return count === 0 ? [] : [`${count} ${word}`];
  });
}

function list(parts: readonly string[]): string {
  return parts.join(', ');
}
