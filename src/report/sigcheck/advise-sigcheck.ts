import { SIGCHECK_DECISIONS, type SigcheckDecision, type SignatureCheck } from './sigcheck.ts';

export type SigcheckFault = Exclude<SigcheckDecision, 'signed' | 'repaired'> | 'invalid';

const REPAIR = 'run it again with -confirm and a signer, such as -signer-account: it signs what is missing';
const AFTER_REPAIR = 'see the reason of each, then run it again: what is signed is not signed twice';

const ADVICE: Readonly<Record<SigcheckFault, string>> = {
  unsigned: REPAIR,
  partial: REPAIR,
  unattested: REPAIR,
  'other-identity':
    'check -certificate-identity, -certificate-oidc-issuer and -signature-key; if they name the right signer, repair with -confirm',
  refused:
    'find out who wrote it: a signature that does not verify proves nothing; check -trusted-root, then repair with -confirm',
  uncarried:
    'run it again with -confirm and a signer: it carries what the source has; or leave it out (-carry=none)',
  unreadable:
    'see the reason of each: if there was no answer, run it again; if access was refused, grant the identity read access',
  'not-checked': 'run it again, with more time or as several runs (-shard)',
  invalid: 'correct the manifest',
};

/** What a confirmed run repairs. */
const REPAIRED: ReadonlySet<SigcheckFault> = new Set([
  'unsigned',
  'partial',
  'unattested',
  'other-identity',
  'refused',
  'uncarried',
]);

const FAULTS: readonly SigcheckFault[] = [
  ...SIGCHECK_DECISIONS.filter((decision) => decision !== 'signed' && decision !== 'repaired'),
  'invalid',
];

/** The advice on each fault of a signature check, once for each text. */
export function adviseOnSigcheck({ summary, causes = [], confirmed }: SignatureCheck): readonly {
  readonly about: SigcheckFault;
  readonly text: string;
}[] {
  const caused = causes.reduce((sum, { edges }) => sum + edges, 0);
  const found = FAULTS.filter((about) => summary[about] > (about === 'unreadable' ? caused : 0)).map(
    (about) => ({ about, text: confirmed && REPAIRED.has(about) ? AFTER_REPAIR : ADVICE[about] }),
  );
  return found.filter(({ text }, index) => found.findIndex((other) => other.text === text) === index);
}
