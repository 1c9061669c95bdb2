import { sortedBy } from '../../base/sorted.ts';
import type { Named } from '../../report/check-shards.ts';
import { addTraffic, mergeHosts, mergeShards, sumCounts } from '../../report/merge-parts.ts';
import { type HostVerification, VERDICTS, type Verification } from './verification.ts';

/**
 * The report of all shards of a verification as if one run had done it. Pure. Throws a `MergeError`, naming the files,
 * where the reports are not all the shards of the same manifests, looked at alike.
 */
export function mergeVerifications(reports: readonly Named<Verification>[]): Verification {
  const { first, all, items, ...merged } = mergeShards(reports, { describe, summed: VERDICTS });
  return {
    version: 1,
    mode: 'verify',
    deep: first.deep,
    via: first.via,
    ...merged,
    summary: { ...first.summary, ...merged.summary },
    items,
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
  return { edges: sumCounts([a.edges, b.edges], VERDICTS), ...addTraffic(a, b) };
}
