import { assertNever } from '../../base/exhaustive.ts';
import { VERDICTS, type Verdict, type Verification } from './verification.ts';

type Finding = Exclude<Verdict, 'present'> | 'invalid';

/** What can be done about one kind of finding. */
export interface Advice {
  readonly about: Finding;
  readonly text: string;
}

const FINDINGS: readonly Finding[] = [...VERDICTS.filter((verdict) => verdict !== 'present'), 'invalid'];

/** What to do about what was found, once for each kind. */
export function advise({ summary, via }: Verification): readonly Advice[] {
  const found = FINDINGS.filter((about) => summary[about] > 0);
  return found.map((about) => ({ about, text: via === null ? ADVICE[about] : adviseThrough(via, about) }));
}

const ADVICE: Readonly<Record<Finding, string>> = {
  missing:
    'run the promotion again: it writes what is missing, and names what the source does not have either',
  different:
    'a promotion moves no tag: correct the manifest, or delete the tag at the destination and run the promotion again',
  incomplete:
    'a promotion sees its name there and leaves it alone: delete the image at the destination by its digest (without its tags alone it is still there), run the promotion again, and verify once more; what is incomplete even then is damaged in the storage of the registry, and has to be mended there',
  conflict: 'none of these is promoted: correct the manifests, so that they want one digest for each tag',
  unreadable:
    'see the reason of each: where there was no answer, run it again; where it was refused, see to the rights of who has asked; where the bytes were wrong, do as with what is incomplete',
  'not-checked': 'run it again, with more time or as several runs (-shard)',
  invalid: 'correct the manifest',
};

/** What a front does not serve may well be at the destination. */
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
