import { addTo } from '../../base/maps.ts';
import type { ScanResult, ScanTarget, VulnerabilitySource } from '../../ports/vulnerabilities.ts';
import type { ScanReport } from './scan-report.ts';

/**
 * Reports that were made before the run. A report with digests is that of these digests and of no others; one without is
 * that of the tags that it names. Under the digest or a tag of an index it is that of one platform. Several reports of an
 * image add up.
 */
export function createScanFiles(reports: readonly ScanReport[]): VulnerabilitySource {
  const byName = new Map<string, ScanReport[]>();
  for (const report of reports) {
    const names = report.digests.size > 0 ? report.digests : report.references;
    for (const name of names) addTo(byName, name, report);
  }
  return {
    name: 'scan results',
    concurrency: Number.POSITIVE_INFINITY,
    indexResults: 'platforms',
    scan: (target) => Promise.resolve(resultOf(target, byName)),
  };
}

function resultOf(
  { repository, digest, tags, platform }: ScanTarget,
  byName: ReadonlyMap<string, readonly ScanReport[]>,
): ScanResult {
  const names = [digest, ...tags.map((tag) => `${repository}:${tag}`)];
  const named = new Set(names.flatMap((name) => byName.get(name) ?? []));
  const reports = Array.from(named).filter(
    (report) => platform === undefined || report.platform === platform,
  );
  if (reports.length > 0)
    return { vulnerabilities: reports.flatMap(({ vulnerabilities }) => vulnerabilities) };
  const notScanned =
    named.size === 0
      ? 'no report has its digest'
      : 'no report of the index names this platform: scan it by its own digest';
  return { vulnerabilities: [], notScanned };
}
