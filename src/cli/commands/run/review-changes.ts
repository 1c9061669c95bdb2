import { isAbort, messageOf } from '../../../base/errors.ts';
import { expandEdges } from '../../../edges/expand-edges.ts';
import { takeShard } from '../../../edges/take-shard.ts';
import type { PromoterManifest } from '../../../manifest/model.ts';
import type { PlanItem } from '../../../plan/plan.ts';
import type { Log } from '../../../ports/log.ts';
import type { ReviewSection } from '../../../report/render-markdown.ts';
import { renderReviewMarkdown } from '../../../report/review/render-review-markdown.ts';
import type { FoundChanges } from '../../../workflows/changes/find-changes.ts';
import { newDigests, type ReviewScope, scopeOf } from '../../../workflows/review/new-images.ts';
import { reviewImages, type ReviewPorts } from '../../../workflows/review/review-images.ts';
import type { PromotionOptions } from '../../flags/options/promotion-options.ts';

export interface DryRun extends Pick<PromotionOptions, 'shard'> {
  readonly manifests: readonly PromoterManifest[];
  readonly changes: FoundChanges | undefined;
  /** The items of the plan. */
  readonly items: readonly PlanItem[];
}

/** Reviews the new images of a dry run. Undefined if the run was stopped, or if the review failed, with a warning. */
export async function reviewChanges(
  dryRun: DryRun,
  { log, ...ports }: ReviewPorts & { readonly log: Log },
  signal: AbortSignal,
): Promise<ReviewSection | undefined> {
  try {
    const review = await reviewImages(scopeIn(dryRun), ports, signal);
    const images = review.images.filter(({ result }) => result.kind === 'failed').length;
    if (images > 0) log.write('warning', 'images could not be reviewed: see the Markdown report', { images });
    const render = (maxCharacters: number) => renderReviewMarkdown(review, { maxCharacters });
    return { images: review.images.length, render };
  } catch (error) {
    if (!isAbort(error, signal)) log.write('warning', `the report has no review: ${messageOf(error)}`);
    return undefined;
  }
}

function scopeIn({ manifests, changes, items, shard }: DryRun): ReviewScope {
  if (changes !== undefined) return { wanted: takeShard(changes.wanted, shard), before: changes.before };
  return scopeOf(takeShard(expandEdges(manifests), shard), newDigests(items));
}
