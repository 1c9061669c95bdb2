import { assertNever } from '../base/errors.ts';
import { listSome } from '../base/text.ts';
import { describeClaims } from '../edges/claims.ts';
import type { LostItem, PlanItem } from '../plan/plan.ts';

/** The reason of a decision, in the words for which users of the original `cip` search their logs. */
export function explainItem(item: PlanItem): string {
  switch (item.decision) {
    case 'present':
      return 'already promoted';
    case 'copy':
      return item.sourceFault === undefined
        ? 'regular promotion (neither digest nor tag exists in dst)'
        : `filled from another destination (${item.sourceFault})`;
    case 'add-tag':
      return 'digest already exists in dst, but does not have the tag we want';
    case 'tag-move':
      return `tag ${item.tag} in dst points to ${item.found}, not ${item.digest}: tag moves are not supported`;
    case 'lost':
      return `_LOST_: the digest is neither in dst nor in ${listSome(item.sources)}${doubtOf(item)}`;
    case 'conflict':
      return `the same dst tag is wanted for ${describeClaims(item.others, { between: ', and for ', more: item.moreOthers })}`;
    case 'unreadable':
    case 'blocked':
      return item.reason;
    case 'not-attempted':
      return 'the run was stopped before the destination was read';
    default:
      return assertNever(item);
  }
}

function doubtOf({ doubt }: LostItem): string {
  return doubt === undefined ? '' : ` (${doubt})`;
}
