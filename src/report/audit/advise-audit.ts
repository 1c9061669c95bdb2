import { AUDIT_DECISIONS, type Audit, type AuditDecision } from './audit.ts';

export type AuditFault = Exclude<AuditDecision, 'present' | 'allowed'> | 'invalid';

const UNKNOWN =
  'find out who wrote it; then add it to a manifest, delete it, or allow it in audit-allow.yaml with a reason and an expiry';

const ADVICE: Readonly<Record<AuditFault, string>> = {
  'unknown-tag': UNKNOWN,
  'unknown-digest': UNKNOWN,
  'unknown-repository': UNKNOWN,
  different:
    'find out who moved the tag: a promotion moves none; correct the manifest, or delete the tag and run the promotion again',
  missing: 'find out who deleted it, then run the promotion again: it copies missing images',
  conflict: 'correct the manifests, so that they want one digest for each tag',
  unreadable:
    'see the reason of each: if there was no answer, run the audit again; if access was refused, grant the identity read access',
  'not-checked': 'run the audit again, with more time or as several runs (-shard)',
  invalid: 'correct the manifest',
};

const FAULTS: readonly AuditFault[] = [
  ...AUDIT_DECISIONS.filter((decision) => decision !== 'present' && decision !== 'allowed'),
  'invalid',
];

/** The advice on each fault of an audit; one text for all that is unknown. */
export function adviseOnAudit({ summary, causes = [] }: Audit): readonly {
  readonly about: AuditFault;
  readonly text: string;
}[] {
  const caused = causes.reduce((sum, { edges }) => sum + edges, 0);
  const found = FAULTS.filter((about) => summary[about] > (about === 'unreadable' ? caused : 0)).map(
    (about) => ({
      about,
      text: ADVICE[about],
    }),
  );
  const isFirst = (text: string, index: number) => found.findIndex((other) => other.text === text) === index;
  return found.filter(({ text }, index) => isFirst(text, index));
}
