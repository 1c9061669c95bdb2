import { assertNever } from '../../base/errors.ts';
import { VERDICTS, type Verdict, type Verification } from './verification.ts';

type Finding = Exclude<Verdict, 'present' | 'repaired'> | 'invalid';

/** What can be done about one kind of finding. */
export interface Advice {
  readonly about: Finding;
  readonly text: string;
}

const FINDINGS: readonly Finding[] = [
  ...VERDICTS.filter((verdict) => verdict !== 'present' && verdict !== 'repaired'),
  'invalid',
];

/** What to do about what was found, once for each kind. */
export function advise({ summary, via, repair }: Verification): readonly Advice[] {
  const found = FINDINGS.filter((about) => summary[about] > 0);
  return found.map((about) => ({
    about,
    text: via === null ? adviseOn(about, repair) : adviseThrough(via, about),
  }));
}

const ADVICE: Readonly<Record<Exclude<Finding, 'incomplete'>, string>> = {
  missing:
    'run the promotion again: it copies what is missing from the source, or from another destination of the same manifest, and names what neither has',
  different:
    'a promotion moves no tag: correct the manifest, or delete the tag at the destination and run the promotion again',
  conflict: 'none of these is promoted: correct the manifests, so that they want one digest for each tag',
  unreadable:
    'see the reason of each: without an answer, run it again; where access was refused, grant the identity read access; where the bytes were wrong, treat it like incomplete',
  'not-checked': 'run it again, with more time or as several runs (-shard)',
  invalid: 'correct the manifest',
};

const REPAIR =
  'a promotion leaves alone what is there by name: run cip verify -deep -repair, which shows what is missing or damaged and where it can be read; with -confirm it is sent again, and no tag is touched';
const CONFIRM =
  'run it again with -confirm: it sends what is listed and touches no tag; push to the source again what no source has';
const REPAIR_BY_HAND =
  'see the reason of each: push to the source again what no source has; where a registry deduplicates by a damaged store, its operator removes the data of the named digests from its storage and restarts it; then run the same command again';

function adviseOn(about: Finding, repair: Verification['repair']): string {
  if (about !== 'incomplete') return ADVICE[about];
  if (repair === undefined) return REPAIR;
  return repair.confirmed ? REPAIR_BY_HAND : CONFIRM;
}

/** What a mirror does not serve may well be at the destination. */
function adviseThrough(via: string, about: Finding): string {
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
