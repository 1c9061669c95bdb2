import { assertNever } from '../../../base/errors.ts';
import { escapeLines } from '../../../base/text.ts';
import { expandEdges } from '../../../edges/expand-edges.ts';
import { readInventory } from '../../../inventory/read-inventory.ts';
import type { PromoterManifest } from '../../../manifest/model.ts';
import { makePlan } from '../../../plan/make-plan.ts';
import { renderReviewMarkdown } from '../../../report/review/render-review-markdown.ts';
import { renderReviewText } from '../../../report/review/render-review-text.ts';
import type { Review } from '../../../report/review/review.ts';
import { MAX_COMMENT } from '../../../report/summary/comment-room.ts';
import { type ReviewScope, newDigests, scopeOf } from '../../../workflows/review/new-images.ts';
import { reviewImages } from '../../../workflows/review/review-images.ts';
import { type BrowseClient, type Browser, browse } from '../../browse/browse.ts';
import type { PromotionOptions } from '../../flags/options/promotion-options.ts';
import { NO_SETTINGS } from '../../../checks/rule-settings.ts';
import type { RunOptions } from '../../flags/options/run-options.ts';
import { streamOutput } from '../../output/stream-output.ts';
import { registriesOf } from '../../runtime/bound-registries.ts';
import { loadChanges } from '../../runtime/load-changes.ts';
import type { ProcessContext } from '../command.ts';

export type ReviewFormat = 'text' | 'json' | 'markdown';

/** A complete request to review new images. */
export interface ReviewOptions extends RunOptions, Pick<PromotionOptions, 'where' | 'diff'> {
  readonly format: ReviewFormat;
}

/** `cip review` from its options to its exit code: 1 if an image, a destination or an entry could not be read. */
export function runReview(options: ReviewOptions, context: ProcessContext): Promise<number> {
  return browse(options, context, async (browser) => {
    const { log, signal, progress } = browser;
    const { read, changes } = await loadChanges(
      { ...options, rules: NO_SETTINGS, siblings: true },
      browser,
      'info',
    );
    signal.throwIfAborted();
    const { manifests, problems } = read;
    const client = await browser.open(registriesOf(manifests));
    const scope = changes ?? (await findUnpromoted(manifests, { client, browser, options }));
    const review = await reviewImages(scope, { registry: client.registry, progress }, signal);
    const delivery = await streamOutput(context.stdio.out, render(review, options.format));
    const failed = review.images.filter(({ result }) => result.kind === 'failed').length;
    if (failed > 0)
      log.write('error', 'images could not be reviewed: the review has the reasons', { images: failed });
    const isComplete = failed === 0 && !('skipped' in scope && scope.skipped > 0);
    const isValid = problems.every(({ severity }) => severity !== 'error');
    return isComplete && isValid && delivery !== 'gone' ? 0 : 1;
  });
}

interface ReviewContext {
  readonly client: BrowseClient;
  readonly browser: Browser;
  readonly options: ReviewOptions;
}

/** The digests that no destination has: the scope of a run that is not limited to changes. */
async function findUnpromoted(
  manifests: readonly PromoterManifest[],
  { client: { registry }, browser, options: { threads: workers } }: ReviewContext,
): Promise<ReviewScope & { readonly skipped: number }> {
  const { log, progress, signal } = browser;
  const wanted = expandEdges(manifests);
  const reading = { source: registry, destination: registry, progress, workers };
  const plan = makePlan(wanted, await readInventory(wanted, reading, signal));
  signal.throwIfAborted();
  const { lost, unreadable } = plan.counts;
  if (lost + unreadable > 0)
    log.write('error', 'edges could not be read, so their images are not reviewed: run cip for the reasons', {
      lost,
      unreadable,
    });
  return { ...scopeOf(wanted, newDigests(plan.items)), skipped: lost + unreadable };
}

async function* render(review: Review, format: ReviewFormat): AsyncGenerator<string> {
  switch (format) {
    case 'text':
      yield* renderReviewText(review);
      break;
    case 'json':
      yield `${escapeLines(JSON.stringify(review, undefined, 2))}\n`;
      break;
    case 'markdown':
      yield `## Review of new images\n\n${renderReviewMarkdown(review, { maxCharacters: MAX_COMMENT })}\n`;
      break;
    default:
      assertNever(format);
  }
}
