import { addTo } from '../../base/maps.ts';
import type { ScanResult, ScanTarget, VulnerabilitySource } from '../../ports/vulnerabilities.ts';
import type { ScanReport } from './scan-report.ts';

/**
 * Reports that were made before the run. A report with digests is that of these digests and of no others; one without is
 * that of the tags that it names. Several reports of an image add up.
 */
export function createScanFiles(reports: readonly ScanReport[]): VulnerabilitySource {
  const byName = new Map<string, ScanReport[]>();
  for (const report of reports) {
    const names = report.digests.size > 0 ? report.digests : report.references;
    for (const name of names) addTo(byName, name, report);
  }
  return {
    name: 'the scan results',
    concurrency: Number.POSITIVE_INFINITY,
    knowsIndexes: true,
    scan: (target) => Promise.resolve(resultOf(target, byName)),
  };
}

function resultOf(
  { repository, digest, tags }: ScanTarget,
  byName: ReadonlyMap<string, readonly ScanReport[]>,
): ScanResult {
  const names = [digest, ...tags.map((tag) => `${repository}:${tag}`)];
  const reports = names.map((name) => byName.get(name)).find((found) => found !== undefined);
  if (reports === undefined) return { vulnerabilities: [], notScanned: 'no report has its digest' };
  return { vulnerabilities: reports.flatMap(({ vulnerabilities }) => vulnerabilities) };
}
