import { assertNever } from '../../../base/errors.ts';
import { escapeLines } from '../../../base/text.ts';
import { checkSignature } from '../../../plan/plan-seal.ts';
import { makePlanPage } from '../../../report/html/plan-page.ts';
import { renderPage } from '../../../report/html/render-page.ts';
import type { RecordedPlan } from '../../../plan/recorded-plan.ts';
import { makePlanView, type PlanView } from '../../../report/plan/plan-view.ts';
import { renderPlanMarkdown } from '../../../report/plan/render-plan-markdown.ts';
import { renderPlanText } from '../../../report/plan/render-plan-text.ts';
import type { LogOptions } from '../../flags/options/run-options.ts';
import { createLogger } from '../../output/logger.ts';
import { streamOutput } from '../../output/stream-output.ts';
import { readPlanFile, readTrustedKeys } from '../../runtime/plan-files.ts';
import type { ProcessContext } from '../command.ts';

export type PlanFormat = 'text' | 'json' | 'markdown' | 'html';

/** A request to print a plan file. */
export interface ShowOptions {
  readonly file: string;
  readonly format: PlanFormat;
  /** Files of public keys. With at least one of them, the signature is to be one of theirs. */
  readonly trustedKeys: readonly string[];
  readonly log: LogOptions;
}

/** `cip show`: resolves to 1 for a plan that none of the trusted keys has signed, which is printed all the same. */
export async function runShow(options: ShowOptions, { stdio }: ProcessContext): Promise<number> {
  const trusted = await readTrustedKeys(options.trustedKeys);
  const file = await readPlanFile(options.file);
  const signature = checkSignature(file, trusted);
  const view = makePlanView(file, signature);
  const delivery = await streamOutput(stdio.out, render(view, { plan: file.plan, format: options.format }));
  const isProven = trusted.length === 0 || signature.kind === 'verified';
  if (!isProven) {
    const log = createLogger(stdio, options.log, Date.now);
    log.write('error', 'the plan is not signed by a key of -plan-trusted-key', { signature: signature.kind });
  }
  return isProven && delivery !== 'gone' ? 0 : 1;
}

async function* render(
  view: PlanView,
  { plan, format }: { readonly plan: RecordedPlan; readonly format: PlanFormat },
): AsyncGenerator<string> {
  switch (format) {
    case 'text':
      yield* renderPlanText(view);
      break;
    case 'json':
      yield `${escapeLines(JSON.stringify(view, undefined, 2))}\n`; // a plan may hold texts of others
      break;
    case 'markdown':
      yield renderPlanMarkdown(view);
      break;
    case 'html':
      yield* renderPage(makePlanPage(plan, view));
      break;
    default:
      assertNever(format);
  }
}
