import type { HostFault } from '../base/host-fault.ts';
import { groupBy } from '../base/maps.ts';
import { listSome } from '../base/text.ts';
import type { Finding } from '../checks/rule.ts';
import { formatReference } from '../image/reference.ts';
import type { SignedPlace, Signing } from '../sign/signing.ts';
import { adviceOn, causeId } from './causes.ts';
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

/** A finding for each cause of unsigned images, with their names: a refusal of a registry is one for all of its images. */
export function unsignedFindings(signing: Signing | undefined): readonly Finding[] {
  const failed = (signing?.places ?? []).filter(({ outcome }) => outcome === 'failed');
  const causes = groupBy(failed, ({ fault, reason }) => (fault === undefined ? reason : causeId(fault)));
  return Array.from(causes.values(), (places) => {
    const edges = places.map(({ repository, digest }) => formatReference(repository, digest));
    const [{ fault, reason } = { fault: undefined, reason: '' }] = places;
    const why = fault === undefined || places.length === 1 ? reason : `${fault.host}: ${fault.message}`;
    const message = `not signed: ${listSome(edges)}: ${why}`;
    return { rule: 'unsigned', level: 'error', message, advice: remedyFor(fault), at: undefined, edges };
  });
}

function remedyFor(fault: HostFault | undefined): string {
  const next = 'the images are promoted: the next run signs them';
  if (fault === undefined) return next;
  const isOfRights = fault.kind === 'refused' || fault.kind === 'right';
  const settings = isOfRights ? `; ${fault.host} must allow referrers, and tags that begin with sha256-` : '';
  return `${adviceOn(fault)}${settings}; ${next}`;
}

/** Images that a run should have signed and has not. */
export function unsignedIn(report: Report): number {
  const { failed = 0, 'not-attempted': open = 0 } =
    ('signing' in report ? report.signing?.summary : undefined) ?? {};
  return failed + open;
}
