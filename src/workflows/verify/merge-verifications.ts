import { sortedBy } from '../../base/sorted.ts';
import { checkShards, type Named } from '../../report/check-shards.ts';
import { addTraffic, describeShard, mergeHosts, mergeTimes } from '../../report/merge-parts.ts';
import {
  type HostVerification,
  noVerdicts,
  VERDICTS,
  type Verification,
  type VerificationItem,
} from './verification.ts';

/**
 * The report of all shards of a verification as if one run had done it. Pure. Throws a `MergeError`, naming the files,
 * where the reports are not all the shards of the same manifests, looked at alike.
 */
export function mergeVerifications(reports: readonly Named<Verification>[]): Verification {
  const shards = checkShards(reports, { describe, malformedOf });
  const first = shards[0].report;
  const all = shards.map(({ report }) => report);
  return {
    version: 1,
    mode: 'verify',
    deep: first.deep,
    via: first.via,
    ...mergeTimes(all),
    shards: shards.map(describeShard),
    manifests: first.manifests,
    summary: sumSummaries(all, first),
    items: mergeItems(all, first),
    ...mergeRepairs(all),
    hosts: mergeHosts(all, addHosts),
  };
}

function describe({ deep, via, repair }: Verification): string {
  const flags = [
    ...(deep ? ['-deep'] : []),
    ...(repair === undefined ? [] : ['-repair']),
    ...(repair?.confirmed ? ['-confirm'] : []),
    ...(via === null ? [] : [`-via=${via}`]),
  ];
  return `a verification${flags.length === 0 ? '' : ` with ${flags.join(' ')}`}`;
}

function malformedOf({ items }: Verification): VerificationItem[] {
  return items.filter(({ verdict }) => verdict === 'invalid');
}

function sumSummaries(reports: readonly Verification[], first: Verification): Verification['summary'] {
  const sums = { ...first.summary };
  for (const name of ['edges', ...VERDICTS] as const) {
    sums[name] = reports.reduce((sum, { summary }) => sum + summary[name], 0);
  }
  return sums;
}

/** In the order of one run: edges by destination, malformed entries last. */
function mergeItems(reports: readonly Verification[], first: Verification): VerificationItem[] {
  const edges = reports.flatMap(({ items }) => items.filter(({ verdict }) => verdict !== 'invalid'));
  return [...sortedBy(edges, ({ destination }) => destination ?? ''), ...malformedOf(first)];
}

/** In the order of one run: by repository, which is in one shard alone. */
function mergeRepairs(reports: readonly Verification[]): Pick<Verification, 'repair'> {
  const repairs = reports.flatMap(({ repair }) => repair ?? []);
  const [first] = repairs;
  if (first === undefined) return {};
  const pieces = sortedBy(
    repairs.flatMap((repair) => repair.pieces),
    ({ repository }) => repository,
  );
  return { repair: { confirmed: first.confirmed, pieces } };
}

function addHosts(a: HostVerification, b: HostVerification): HostVerification {
  const edges = noVerdicts();
  for (const verdict of VERDICTS) edges[verdict] = a.edges[verdict] + b.edges[verdict];
  return { edges, ...addTraffic(a, b) };
}
