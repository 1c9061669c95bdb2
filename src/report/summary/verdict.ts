import { countOf } from '../../base/text.ts';
import type { ShardIdentity } from '../../edges/shard.ts';
import type { Envelope } from '../envelope.ts';
import type { Report } from '../report.ts';

type Counts = Readonly<Record<string, number>>;

/** The manifests and shards of a run. */
interface Scope extends Pick<Envelope, 'manifests' | 'shards'> {
  readonly shard?: Pick<ShardIdentity, 'index' | 'count'> | undefined;
}

interface Planned extends Scope {
  /** Number of edges by decision. */
  readonly summary: Counts;
}

/** The first line of a promotion or dry run. */
export function planSentence(planned: Planned): string {
  return `Plan: ${scopeOf(planned)}: ${plannedCounts(planned.summary)}${partOf(planned)}`;
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
    default:
      return report satisfies never;
  }
}

/** The next step after a dry run. */
export function confirmHint(report: Report): string {
  return `-confirm ${'plan' in report ? 'applies the plan' : 'promotes'}`;
}

/** The first line of a verification. */
export function verifySentence(scope: Scope): string {
  return `Verify: ${scopeOf(scope, 'at')}${partOf(scope)}`;
}

/** The last line of a run: results and exit code. */
export function verdictOf(report: Report, exitCode: number): string {
  const stopped = report.stopped ? ', stopped early' : '';
  const scope = scopeOf(report, PREPOSITIONS[report.mode]);
  return `${verbOf(report, exitCode)} ${scope}: ${resultsOf(report)}${stopped}${partOf(report)} (exit ${exitCode})`;
}

const PREPOSITIONS = { promotion: 'to', 'dry-run': 'to', 'parse-only': 'for', verify: 'at' } as const;

function verbOf(report: Report, exitCode: number): string {
  if (report.mode === 'verify') return 'Verified';
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
      ]);
    case 'dry-run':
      return list([plannedCounts(counts), ...nonZero(counts, { 'not-attempted': 'not attempted' })]);
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
    default:
      return report satisfies never;
  }
}

function plannedCounts(counts: Counts): string {
  return list([
    `${counts['copy'] ?? 0} to copy`,
    ...nonZero(counts, { 'add-tag': 'to tag' }),
    `${refusedIn(counts)} refused`,
    ...problems(counts),
    ...nonZero(counts, { present: 'already present' }),
  ]);
}

/** Edges that are not written: the tag has another digest, manifests contradict each other, or a check failed. */
function refusedIn(counts: Counts): number {
  return (counts['tag-move'] ?? 0) + (counts['conflict'] ?? 0) + (counts['blocked'] ?? 0);
}

function problems(counts: Counts): string[] {
  return nonZero(counts, { lost: 'lost', unreadable: 'unreadable', invalid: 'malformed' });
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
