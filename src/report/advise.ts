import { assertNever } from '../base/errors.ts';
import { adviseOnAudit, type AuditFault } from './audit/advise-audit.ts';
import { adviseOnSigcheck, type SigcheckFault } from './sigcheck/advise-sigcheck.ts';
import { type Report, VERIFY_DECISIONS, type VerifyDecision, type Verification } from './report.ts';

type Fault = Exclude<VerifyDecision, 'present' | 'repaired'> | 'invalid';

/** The remedy for one decision. */
export interface Advice {
  readonly about: Fault | AuditFault | SigcheckFault;
  readonly text: string;
}

/** The advice on each fault of a verification, an audit or a signature check, once for each decision. Promotions explain each edge by its reason. */
export function advise(report: Report): readonly Advice[] {
  if (report.mode === 'audit') return adviseOnAudit(report);
  if (report.mode === 'sigcheck') return adviseOnSigcheck(report);
  if (report.mode !== 'verify') return [];
  const { summary, via, repair, causes = [] } = report;
  const caused = causes.reduce((sum, { edges }) => sum + edges, 0);
  const isAdvised = (about: Fault) => about === 'unreadable' && caused >= summary.unreadable; // by each cause
  return FAULTS.filter((about) => summary[about] > 0 && !isAdvised(about)).map((about) => ({
    about,
    text: via === null ? adviseOn(about, repair) : adviseThrough(via, about),
  }));
}

const FAULTS: readonly Fault[] = [
  ...VERIFY_DECISIONS.filter((decision) => decision !== 'present' && decision !== 'repaired'),
  'invalid',
];

const ADVICE: Readonly<Record<Exclude<Fault, 'incomplete'>, string>> = {
  missing:
    'run the promotion again: it copies missing images from the source, or from another destination of the same manifest, and names those that neither has',
  different:
    'a promotion moves no tag: correct the manifest, or delete the tag at the destination and run the promotion again',
  conflict: 'none of these is promoted: correct the manifests, so that they want one digest for each tag',
  unreadable:
    'see the reason of each: if there was no answer, run it again; if access was refused, grant the identity read access; after wrong bytes, treat it like incomplete',
  'not-checked': 'run it again, with more time or as several runs (-shard)',
  invalid: 'correct the manifest',
};

const REPAIR =
  'a promotion does not repair an image whose manifest exists: run cip verify -deep -repair, which lists missing and damaged content and its sources; with -confirm it sends that content again, and writes no tag';
const CONFIRM =
  'run it again with -confirm: it sends the listed content and writes no tag; push content that no source has to the source again';
const REPAIR_BY_HAND =
  'see the reason of each: push content that no source has to the source again; where a registry deduplicates by a damaged store, its operator removes the data of the named digests from its storage and restarts it; then run the same command again';

function adviseOn(about: Fault, repair: Verification['repair']): string {
  if (about !== 'incomplete') return ADVICE[about];
  if (repair === undefined) return REPAIR;
  return repair.confirmed ? REPAIR_BY_HAND : CONFIRM;
}

/** Content that a mirror does not serve may still be at the destination. */
function adviseThrough(via: string, about: Fault): string {
  switch (about) {
    case 'missing':
    case 'different':
    case 'incomplete':
      return `verify without -via: where the destination has it, ${via} is late or wrong, and no promotion mends that`;
    case 'conflict':
    case 'unreadable':
    case 'not-checked':
    case 'invalid':
      return ADVICE[about];
    default:
      return assertNever(about);
  }
}
