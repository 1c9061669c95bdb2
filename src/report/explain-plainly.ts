import { listSome } from '../base/text.ts';
import type { Digest } from '../image/digest.ts';
import type { LostItem, PlanItem } from '../plan/plan.ts';
import { explainItem } from './explain-item.ts';

type ShowDigest = (digest: Digest) => string;

/** The reason of a decision in plain words, for people; `explainItem` has the words that scripts search for. */
export function explainPlainly(item: PlanItem, show: ShowDigest = (digest) => digest): string {
  if (item.decision === 'tag-move') return `tag ${item.tag} is ${show(item.found)}, not moved`;
  if (item.decision === 'lost') return explainLost(item, show);
  return explainItem(item);
}

function explainLost({ sources, digest, doubt }: LostItem, show: ShowDigest): string {
  const causes = doubt ?? 'wrong digest, wrong image name, or deleted';
  return `not found at ${listSome(sources)}: ${show(digest)} (${causes})`;
}
