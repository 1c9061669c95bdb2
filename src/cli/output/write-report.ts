import { makeReportPage } from '../../report/html/report-page.ts';
import { renderPage } from '../../report/html/render-page.ts';
import { writeFile as writeFileToFd } from 'node:fs';
import { promisify } from 'node:util';
import { assertNever, CodedError, messageOf } from '../../base/errors.ts';
import type { Secrets } from '../../base/secrets.ts';
import { quote } from '../../base/text.ts';
import type { AttachedTable } from '../../report/attached/attached-table.ts';
import { exitCodeOf } from '../../report/exit-code.ts';
import { renderJson } from '../../report/render-json.ts';
import { type MarkdownOptions, renderMarkdown } from '../../report/render-markdown.ts';
import type { Report } from '../../report/report.ts';
import type { PromotionOptions } from '../flags/options/promotion-options.ts';
import { InputError, UsageError } from '../flags/usage-error.ts';
import { readAttachedResults } from './attached-results.ts';
import { discardOldReport, writeReportFile, writeToSpecial } from './report-file.ts';
import { isInput, type ReportInputs } from './report-inputs.ts';
import { keyOfTarget, type ReportTarget, resolveTarget } from './report-target.ts';
import { OutputError, type Stdio, writeTo as writeToStream } from './stdio.ts';

/** A requested report could not be written. */
export class ReportError extends CodedError<'unwritable'> {}

type Targets = Pick<PromotionOptions, 'report' | 'reportMarkdown'> & {
  readonly attachResults?: readonly string[];
  readonly reportHtml?: string | undefined;
  readonly planOut?: string | undefined;
};

/** The targets of the requested forms of a report. */
export interface ReportTargets {
  readonly report: ReportTarget | undefined;
  readonly reportMarkdown: ReportTarget | undefined;
  readonly reportHtml?: ReportTarget | undefined;
  /** The target of the plan. */
  readonly planOut?: ReportTarget | undefined;
  /** The tables of `-attach-results`. Unset: none. */
  readonly attached?: ((report: Report) => readonly AttachedTable[]) | undefined;
}

/**
 * Finds the targets of reports, and removes the reports of an earlier run. Throws a `UsageError` for a report that could
 * not be written, or only over one of the input files.
 */
export async function prepareReports(
  { report, reportMarkdown, reportHtml, planOut, attachResults = [] }: Targets,
  { files, ...others }: ReportInputs,
): Promise<ReportTargets> {
  const inputs = { ...others, files: [...files, ...attachResults] };
  const attached = await readAttachedResults(attachResults);
  const places = {
    report: await findFor(report, inputs),
    reportMarkdown: await findFor(reportMarkdown, inputs),
    reportHtml: await findFor(reportHtml, inputs),
    planOut: await findFor(planOut, inputs, 'plan'),
  };
  refuseSame([
    { flag: '-report', given: report, place: places.report },
    { flag: '-report-markdown', given: reportMarkdown, place: places.reportMarkdown },
    { flag: '-report-html', given: reportHtml, place: places.reportHtml },
    { flag: '-plan-out', given: planOut, place: places.planOut },
  ]);
  await Promise.all(Object.values(places).map(discardOld));
  return { ...places, attached };
}

interface GivenTarget {
  readonly flag: string;
  readonly given: string | undefined;
  readonly place: ReportTarget | undefined;
}

function refuseSame(targets: readonly GivenTarget[]): void {
  const seen = new Map<string, GivenTarget>();
  for (const target of targets) {
    if (target.place === undefined) continue;
    const key = keyOfTarget(target.place);
    const other = seen.get(key);
    seen.set(key, target);
    if (other === undefined) continue;
    throw new UsageError(
      `${other.flag} and ${target.flag} cannot both go to one place: ${quote(other.given ?? '')} and ${quote(target.given ?? '')} are the same`,
    );
  }
}

/**
 * Writes the requested forms of a report; a file appears as a whole or not at all if possible. If one fails, the other
 * is still written. Throws a `ReportError` for the first failure.
 */
export async function writeReports(
  report: Report,
  { report: json, reportMarkdown: markdown, reportHtml: html, attached: tablesOf }: ReportTargets,
  { stdio, ...markdownOptions }: MarkdownOptions & { readonly stdio: Stdio },
): Promise<void> {
  const results = await Promise.allSettled([
    writePieces(json, () => renderJson(report), { stdio }),
    writePieces(
      markdown,
      () => [renderMarkdown(report, { ...markdownOptions, attached: tablesOf?.(report) })],
      { stdio },
    ),
    writePage(html, report, { stdio, exitCode: markdownOptions.exitCode }),
  ]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** The code of the page is loaded for it alone. */
async function writePage(
  place: ReportTarget | undefined,
  report: Report,
  {
    stdio,
    exitCode = exitCodeOf(report, { allowLost: false }),
  }: { readonly stdio: Stdio; readonly exitCode?: number | undefined },
): Promise<void> {
  if (place === undefined) return;
  await writePieces(place, () => renderPage(makeReportPage(report, exitCode)), { stdio });
}

async function findFor(
  target: string | undefined,
  inputs: ReportInputs,
  subject = 'report',
): Promise<ReportTarget | undefined> {
  if (target === undefined) return undefined;
  const place = await resolveTarget(target);
  if ('obstacle' in place) throw unusable(target, place.obstacle, subject);
  if (await isInput(place, inputs)) throw unusable(target, 'it is one of the input files', subject);
  return place;
}

function unusable(target: string, why: string, subject = 'report'): InputError {
  return new InputError(`cannot write the ${subject} ${quote(target)}: ${why}`);
}

async function discardOld(place: ReportTarget | undefined): Promise<void> {
  if (place?.kind !== 'file') return;
  await discardOldReport(place).catch((error: unknown) => {
    throw unusable(place.path, messageOf(error));
  });
}

/** Writes one file, or nothing without a target. Throws a `ReportError` that names `subject`. */
export async function writePieces(
  place: ReportTarget | undefined,
  render: () => Iterable<string>,
  { stdio, subject = 'report' }: { readonly stdio: Stdio; readonly subject?: string },
): Promise<void> {
  if (place === undefined) return;
  try {
    const delivery = await writeTo(place, () => inBlocks(render(), stdio.secrets), stdio);
    // a part of a report may be enough for its reader; a part of a plan is useless
    if (delivery === 'gone' && subject === 'plan')
      throw new Error('its reader went away before it had all of it');
  } catch (cause) {
    const why = messageOf(cause instanceof OutputError ? cause.cause : cause); // its message names the stream again
    const message = `cannot write the ${subject} ${nameOf(place)}: ${why}`;
    throw new ReportError('unwritable', message, { cause });
  }
}

/** `gone` where the reader of a stream is. */
async function writeTo(
  place: ReportTarget,
  render: () => Iterable<string>,
  stdio: Stdio,
): Promise<'taken' | 'gone'> {
  switch (place.kind) {
    case 'descriptor':
      for (const piece of render()) {
        if ((await writeToDescriptor(place.fd, piece, stdio)) === 'gone') return 'gone';
      }
      return 'taken';
    case 'special':
      await writeToSpecial(place, render);
      return 'taken';
    case 'file':
      await writeReportFile(place, render);
      return 'taken';
    default:
      return assertNever(place);
  }
}

async function writeToDescriptor(fd: number, piece: string, { out, err }: Stdio): Promise<'taken' | 'gone'> {
  if (fd === STDOUT) return writeToStream(out, piece);
  if (fd === STDERR) return writeToStream(err, piece);
  await writeToFd(fd, piece);
  return 'taken';
}

const STDOUT = 1;
const STDERR = 2;
const writeToFd = promisify(writeFileToFd);

function nameOf(place: ReportTarget): string {
  if (place.kind !== 'descriptor') return quote(place.path);
  if (place.fd > STDERR) return `to file descriptor ${place.fd}`;
  return place.fd === STDOUT ? 'to stdout' : 'to stderr';
}

/** Characters per write. */
const BLOCK = 256 * 1024;

/** Without the secrets, in blocks that are worth a write. */
export function* inBlocks(pieces: Iterable<string>, secrets: Secrets): Generator<string> {
  let block = '';
  for (const piece of pieces) {
    block += piece;
    if (block.length < BLOCK) continue;
    yield secrets.redact(block);
    block = '';
  }
  yield secrets.redact(block);
}
