import type { ShardIdentity } from '../../edges/shard.ts';
import type { Envelope } from '../envelope.ts';
import type { Report } from '../report.ts';

type Counts = Readonly<Record<string, number>>;

/** The part of the manifests that a run is of. */
interface Scope extends Pick<Envelope, 'manifests' | 'shards'> {
  readonly shard?: Pick<ShardIdentity, 'index' | 'count'> | undefined;
}

/** The scope of a run, and its edges by decision. */
export interface Planned extends Scope {
  readonly summary: Counts;
}

/** The first line of a promotion and its dry run: what the plan says. */
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

/** What -confirm does after a dry run. */
export function confirmHint(report: Report): string {
  return `-confirm ${'plan' in report ? 'applies the plan' : 'promotes'}`;
}

/** The first line of a verification, before anything is read. */
export function verifySentence(scope: Scope): string {
  return `Verify: ${scopeOf(scope, 'at')}${partOf(scope)}`;
}

/** The last line of a run, with the exit code of the process. */
export function verdictOf(report: Report, exitCode: number): string {
  const stopped = report.stopped ? ', stopped early' : '';
  const scope = scopeOf(report, PREPOSITIONS[report.mode]);
  return `${didOf(report, exitCode)} ${scope}: ${resultsOf(report)}${stopped}${partOf(report)} (exit ${exitCode})`;
}

const PREPOSITIONS = { promotion: 'to', 'dry-run': 'to', 'parse-only': 'for', verify: 'at' } as const;

function didOf(report: Report, exitCode: number): string {
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

/** `30 images to 20 destinations`: lines of the manifests, and registries. */
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
        ...some(counts, { 'not-attempted': 'not attempted' }),
        ...refusals(counts),
        ...problems(counts),
        ...some(counts, { present: 'already present' }),
      ]);
    case 'dry-run':
      return list([plannedCounts(counts), ...some(counts, { 'not-attempted': 'not attempted' })]);
    case 'parse-only':
      return list([`${counts['conflict'] ?? 0} in conflict`, `${counts['invalid'] ?? 0} malformed`]);
    case 'verify':
      return list([
        `${counts['present'] ?? 0} present`,
        ...some(counts, {
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
    ...some(counts, { 'add-tag': 'to tag' }),
    `${refusedIn(counts)} refused`,
    ...problems(counts),
    ...some(counts, { present: 'already present' }),
  ]);
}

/** Edges that are never written: their tag has another digest, manifests contradict each other, or a check failed. */
function refusedIn(counts: Counts): number {
  return (counts['tag-move'] ?? 0) + (counts['conflict'] ?? 0) + (counts['blocked'] ?? 0);
}

function refusals(counts: Counts): string[] {
  const refused = refusedIn(counts);
  return refused === 0 ? [] : [`${refused} refused`];
}

function problems(counts: Counts): string[] {
  return some(counts, { lost: 'lost', unreadable: 'unreadable', invalid: 'malformed' });
}

/** The counts that are not zero, in these words. */
function some(counts: Counts, words: Readonly<Record<string, string>>): string[] {
  return Object.entries(words).flatMap(([name, word]) => {
    const count = counts[name] ?? 0;
    return count === 0 ? [] : [`${count} ${word}`];
  });
}

function list(parts: readonly string[]): string {
  return parts.join(', ');
}

export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
