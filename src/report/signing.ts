import { addTo } from '../base/maps.ts';
import { listSome } from '../base/text.ts';
import type { Finding } from '../checks/rule.ts';
import { formatReference } from '../image/reference.ts';
import type { SignedPlace, Signing } from '../sign/signing.ts';
import type { Report, SigningItem, SigningReport } from './report.ts';

/** The counts of a run that signed nothing. */
export const NO_SIGNING: SigningReport['summary'] = {
  present: 0,
  signed: 0,
  unsigned: 0,
  failed: 0,
  'not-attempted': 0,
  attested: 0,
  made: 0,
};

/** The signing of a run as its report has it. */
export function reportSigning({ places, made }: Signing): SigningReport {
  const summary = { ...NO_SIGNING, made };
  for (const { outcome, missing } of places) {
    summary[outcome] += 1;
    if (outcome === 'signed' && missing.includes('attestation')) summary.attested += 1;
  }
  return { summary, items: places.flatMap(itemOf) };
}

function itemOf({ repository, digest, outcome, missing, reason }: SignedPlace): readonly SigningItem[] {
  if (outcome === 'present') return [];
  return [{ destination: formatReference(repository, digest), digest, outcome, missing, reason }];
}

/** A finding for each reason why images are unsigned, with their names. */
export function unsignedFindings(signing: Signing | undefined): readonly Finding[] {
  const failures = new Map<string, string[]>();
  for (const { outcome, reason, repository, digest } of signing?.places ?? [])
    if (outcome === 'failed') addTo(failures, reason, formatReference(repository, digest));
  return Array.from(failures, ([reason, edges]) => ({
    rule: 'unsigned',
    level: 'error',
    message: `not signed: ${listSome(edges)}: ${reason}`,
    advice: 'the images are promoted: the next run signs them',
    at: undefined,
    edges,
  }));
}

/** Images that a run should have signed and has not. */
export function unsignedIn(report: Report): number {
  const { failed = 0, 'not-attempted': open = 0 } =
    ('signing' in report ? report.signing?.summary : undefined) ?? {};
  return failed + open;
}
