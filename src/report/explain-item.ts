import { assertNever } from '../base/exhaustive.ts';
import { formatPosition } from '../base/position.ts';
import type { PlanItem } from '../plan/plan.ts';

/** Why an edge was decided as it was, in the words that users of the original search their logs for. */
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
      return `_LOST_: the digest is neither in dst nor in ${item.sources.join(', ')}`;
    case 'conflict':
      return `the same dst tag is wanted for ${item.others.map(describeClaim).join(', and for ')}`;
    case 'unreadable':
      return item.reason;
    default:
      return assertNever(item);
  }
}

function describeClaim({
  digest,
  at,
}: {
  digest: string;
  at: readonly Parameters<typeof formatPosition>[0][];
}): string {
  return `${digest} at ${at.map(formatPosition).join(' and ')}`;
}
