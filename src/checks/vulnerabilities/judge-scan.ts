import { groupBy } from '../../base/maps.ts';
import { sortedBy } from '../../base/sorted.ts';
import { isAtLeast, SEVERITIES, type Severity } from '../../image/severity.ts';
import type { Vulnerability } from '../../ports/vulnerabilities.ts';
import type { AffectedImage, Dismissals } from './dismissals.ts';
import type { VulnerabilityPolicy } from './gate-options.ts';
import type { ImageScan, ImageToScan, ScannedPart } from './scan-image.ts';
import type { Dismissal, ReportedVulnerability, ScannedImage, ScanState } from './scanned-image.ts';

const NONE_FOUND = { critical: 0, high: 0, medium: 0, low: 0, minimal: 0, unspecified: 0 };

/** Vulnerabilities of one image in a report. */
const MAX_LISTED = 100;

export interface Judgement extends Pick<VulnerabilityPolicy, 'threshold' | 'fixableOnly'> {
  readonly dismissals: Dismissals;
}

/** The result of an image by the policy. A vulnerability of several platforms counts once. */
export function judgeScan(
  image: ImageToScan,
  { name, parts }: ImageScan,
  judgement: Judgement,
): ScannedImage {
  const found: Record<Severity, number> = { ...NONE_FOUND };
  const counted: ReportedVulnerability[] = [];
  const dismissals: Dismissal[] = [];
  let withoutFix = 0;
  for (const group of groupBy(vulnerabilitiesOf(parts), keyOf).values()) {
    const verdicts = group.map(({ vulnerability, part }) => ({
      vulnerability,
      ...judge(vulnerability, affectedImage(image, part), judgement),
    }));
    const verdict = verdicts.find(({ kind }) => kind === 'counts') ?? verdicts[0];
    if (verdict === undefined) continue;
    const { vulnerability } = verdict;
    found[vulnerability.severity] += 1;
    if (verdict.kind === 'counts') counted.push(reported(vulnerability, verdict.allowedUntil));
    else if (verdict.kind === 'without-fix') withoutFix += 1;
    else if (verdict.kind === 'dismissed')
      dismissals.push({ id: vulnerability.id, package: vulnerability.package, reason: verdict.reason });
  }
  const reason = parts.find(({ result }) => result.notScanned !== undefined);
  return {
    image: name,
    digest: image.digest,
    state: stateOf(parts, { isVulnerable: counted.length > 0, isScanned: reason === undefined }),
    reason: reason === undefined ? null : reasonOf(reason, image),
    found,
    counted: counted.length,
    vulnerabilities: mostSevereFirst(counted).slice(0, MAX_LISTED),
    withoutFix,
    dismissed: dismissals.length,
    dismissals: sortedBy(dismissals, ({ id }) => id).slice(0, MAX_LISTED),
  };
}

function* vulnerabilitiesOf(parts: readonly ScannedPart[]) {
  for (const part of parts) {
    for (const vulnerability of part.result.vulnerabilities) yield { vulnerability, part };
  }
}

function keyOf({ vulnerability: { id, package: name, version } }: { readonly vulnerability: Vulnerability }) {
  return [id, name, version].join(' ');
}

type Verdict =
  | ReturnType<Dismissals['assess']>
  | { readonly kind: 'below-threshold' }
  | { readonly kind: 'without-fix' };

function judge(
  vulnerability: Vulnerability,
  image: AffectedImage,
  { threshold, fixableOnly, dismissals }: Judgement,
): Verdict {
  const { severity, fixedIn } = vulnerability;
  if (!isAtLeast(severity, threshold)) return { kind: 'below-threshold' };
  if (fixableOnly && fixedIn === undefined) return { kind: 'without-fix' };
  return dismissals.assess(vulnerability, image);
}

function affectedImage({ digest, tags, edges }: ImageToScan, part: ScannedPart): AffectedImage {
  return {
    digests: new Set([digest, part.digest]),
    platform: part.platform,
    repositories: new Set(edges.flatMap(({ sources, destination }) => [...sources, destination])),
    tags: new Set(tags),
  };
}

function stateOf(
  parts: readonly ScannedPart[],
  { isVulnerable, isScanned }: { readonly isVulnerable: boolean; readonly isScanned: boolean },
): ScanState {
  if (parts.length === 0) return 'not-applicable';
  if (isVulnerable) return 'vulnerable';
  return isScanned ? 'passed' : 'not-scanned';
}

function reasonOf({ digest, platform, result }: ScannedPart, image: ImageToScan): string {
  const reason = result.notScanned ?? '';
  if (digest === image.digest) return reason;
  return `${platform === undefined ? `its image ${digest}` : `its platform ${platform} (${digest})`}: ${reason}`;
}

function reported(
  { id, severity, package: name, version, fixedIn }: Vulnerability,
  allowedUntil: string | undefined,
): ReportedVulnerability {
  return {
    id,
    severity,
    package: name,
    version,
    fixedIn: fixedIn ?? null,
    ...(allowedUntil !== undefined && { allowedUntil }),
  };
}

/** By severity, then by id and package. */
function mostSevereFirst(all: readonly ReportedVulnerability[]): readonly ReportedVulnerability[] {
  const rank = ({ severity }: ReportedVulnerability) => SEVERITIES.length - SEVERITIES.indexOf(severity);
  return sortedBy(all, (one) => [rank(one), one.id, one.package, one.version].join(' '));
}
