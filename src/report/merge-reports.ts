import { sortedBy } from '../base/sorted.ts';
import { findMergedFaults, mergeAudits } from './audit/merge-audits.ts';
import { checkShards, malformedEntriesOf, type Named, planOf } from './check-shards.ts';
import type { ScannedImage } from '../checks/vulnerabilities/scanned-image.ts';
import type { Digest } from '../image/digest.ts';
import type { AttachmentCounts, Envelope, EnvelopeHost, EnvelopeItem, MergedShard } from './envelope.ts';
import { mergeFindings } from './findings.ts';
import { mergeCauses } from './causes.ts';
import type { PromotionReport, Report, Verification } from './report.ts';
import { NO_SIGNING } from './signing.ts';

/**
 * The report of all shards of a run, as if one run had done it: sums of counts, sorted items, and once what every shard
 * reports. Pure. Throws a `MergeError`, naming the files, if the reports are not all the shards of one run.
 */
export function mergeReports<R extends Report>(reports: readonly Named<R>[]): R {
  const shards = checkShards(reports);
  const all: readonly Report[] = shards.map(({ report }) => report);
  const { report: first } = shards[0];
  const edges = all.flatMap((report) =>
    Array.from<EnvelopeItem>(report.items).filter(({ destination }) => destination !== null),
  );
  return {
    ...first,
    ...mergePlans(all),
    ...mergeTimes(all),
    shard: undefined,
    shards: shards.map(({ shard, report }): MergedShard => {
      const { startedAt, durationMs, stopped } = report;
      return { ...shard, startedAt, durationMs, stopped, edges: report.summary.edges };
    }),
    summary: {
      ...sumCounts(all.map(({ summary }) => summary)),
      invalid: first.summary.invalid, // every shard counts all of them
    },
    ...mergeCauses(all),
    findings: mergeFindings([...all.flatMap(({ findings }) => findings), ...findMergedFaults(all)]),
    items: [...sortedBy(edges, ({ destination }) => destination ?? ''), ...malformedEntriesOf(first)],
    ...mergeSigning(all),
    ...mergeAttachments(all),
    ...mergeRepairs(all),
    ...mergeVulnerabilities(all),
    ...mergeAudits(all),
    hosts: mergeHosts(all),
  };
}

/** Shards of one plan file name it; those of a plan for each shard name none. */
function mergePlans(reports: readonly Report[]): { readonly plan?: Digest | undefined } {
  const plans = new Set(reports.map(planOf));
  return { plan: plans.size === 1 ? plans.values().next().value : undefined };
}

/** From the first start to the last end, by the clocks of their machines; stopped if one of them was. */
function mergeTimes(reports: readonly Envelope[]): Pick<Envelope, 'startedAt' | 'durationMs' | 'stopped'> {
  let begin = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  for (const { startedAt, durationMs } of reports) {
    begin = Math.min(begin, Date.parse(startedAt));
    end = Math.max(end, Date.parse(startedAt) + durationMs);
  }
  return {
    startedAt: new Date(begin).toISOString(),
    durationMs: end - begin,
    stopped: reports.some(({ stopped }) => stopped),
  };
}

function mergeSigning(reports: readonly Report[]): Pick<PromotionReport, 'signing'> {
  const all = reports.flatMap((report) => ('signing' in report ? (report.signing ?? []) : []));
  if (all.length === 0) return {};
  const summary = { ...NO_SIGNING, ...sumCounts(all.map((signing) => signing.summary)) };
  const items = sortedBy(
    all.flatMap((signing) => signing.items),
    ({ destination }) => destination,
  );
  return { signing: { summary, items } };
}

/** In the order of one run: by repository, each of which is in one shard alone. */
function mergeRepairs(reports: readonly Report[]): Pick<Verification, 'repair'> {
  const repairs = reports.flatMap((report) => (report.mode === 'verify' ? (report.repair ?? []) : []));
  const [first] = repairs;
  if (first === undefined) return {};
  const pieces = sortedBy(
    repairs.flatMap((repair) => repair.pieces),
    ({ repository }) => repository,
  );
  return { repair: { confirmed: first.confirmed, pieces } };
}

function mergeAttachments(reports: readonly Report[]): Pick<PromotionReport, 'attachments'> {
  const counts = reports.flatMap((report) => ('attachments' in report ? (report.attachments ?? []) : []));
  if (counts.length === 0) return {};
  const sum = (of: keyof AttachmentCounts) => counts.reduce((total, one) => total + one[of], 0);
  return { attachments: { carried: sum('carried'), planned: sum('planned'), ignored: sum('ignored') } };
}

/**
 * An image that several shards promote has one result. The worst one counts: one shard may have failed to scan it, and an
 * exception may be that of a destination.
 */
function mergeVulnerabilities(reports: readonly Report[]): Pick<PromotionReport, 'vulnerabilities'> {
  const results = reports.flatMap((report) =>
    'vulnerabilities' in report ? (report.vulnerabilities ?? []) : [],
  );
  const [first] = results;
  if (first === undefined) return {};
  const images = new Map<string, (typeof first.images)[number]>();
  for (const image of results.flatMap((one) => one.images)) {
    const known = images.get(image.image);
    if (known === undefined || badness(image) > badness(known)) images.set(image.image, image);
  }
  return { vulnerabilities: { ...first, images: sortedBy(images.values(), ({ image }) => image) } };
}

/** A vulnerable image that was not scanned as a whole is worse than each of the two. */
function badness({ counted, reason }: ScannedImage): number {
  return (counted > 0 ? 2 : 0) + (reason === null ? 0 : 1);
}

function mergeHosts(reports: readonly Envelope[]): Record<string, EnvelopeHost> {
  const merged = new Map<string, EnvelopeHost>();
  for (const [name, host] of reports.flatMap(({ hosts }) => Object.entries(hosts))) {
    const known = merged.get(name);
    merged.set(name, known === undefined ? host : addHosts(known, host));
  }
  return Object.fromEntries(sortedBy(merged, ([name]) => name));
}

function addHosts(a: EnvelopeHost, b: EnvelopeHost): EnvelopeHost {
  return {
    edges: sumCounts([a.edges, b.edges]),
    ...addRepositories(a, b),
    requests: a.requests + b.requests,
    retries: a.retries + b.retries,
    interrupted: a.interrupted + b.interrupted,
    throttled: a.throttled + b.throttled,
    identities: Array.from(new Set([...a.identities, ...b.identities])).toSorted(),
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
  };
}

function addRepositories(
  { repositories: a }: EnvelopeHost,
  { repositories: b }: EnvelopeHost,
): Pick<EnvelopeHost, 'repositories'> {
  if (a === undefined || b === undefined) return {};
  return { repositories: { byListing: a.byListing + b.byListing, byHead: a.byHead + b.byHead } };
}

type Counts = Readonly<Record<string, number>>;

/** The sum of each count. */
function sumCounts(all: readonly Counts[]): Counts {
  const sums: Record<string, number> = {};
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}
