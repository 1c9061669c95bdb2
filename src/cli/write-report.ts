import { access, constants, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CodedError, messageOf } from '../base/errors.ts';
import { quote } from '../base/text.ts';
import { renderJson } from '../report/render-json.ts';
import { renderMarkdown } from '../report/render-markdown.ts';
import type { Report } from '../report/report.ts';
import type { Options } from './options.ts';
import { type Stdio, writeTo } from './stdio.ts';
import { UsageError } from './usage-error.ts';

/** A report that was asked for is not there. */
export class ReportError extends CodedError<'unwritable'> {}

type Targets = Pick<Options, 'report' | 'reportMarkdown'>;

/** Throws a `UsageError` for a report that could not be written, or not without losing one of the files that are read. */
export async function checkReportTargets(
  { report, reportMarkdown }: Targets,
  inputs: readonly string[],
): Promise<void> {
  const read = new Set(await Promise.all(inputs.map((input) => realpath(input).catch(() => undefined))));
  for (const target of [report, reportMarkdown]) {
    if (target === undefined || target === '-') continue;
    const isInput = read.has(await realpath(target).catch(() => ''));
    const obstacle = isInput ? 'it is one of the files to read' : await findObstacle(target);
    if (obstacle !== undefined) throw new UsageError(`cannot write the report ${quote(target)}: ${obstacle}`);
  }
}

/** The report of a promotion, in the forms that were asked for. Throws as `writeRenderings` does. */
export function writeReports(report: Report, targets: Targets, stdio: Stdio): Promise<void> {
  const renderings = { json: () => renderJson(report), markdown: () => [renderMarkdown(report)] };
  return writeRenderings(renderings, targets, stdio);
}

/** A report in each of its forms, in pieces. */
export interface Renderings {
  readonly json: () => Iterable<string>;
  readonly markdown: () => Iterable<string>;
}

/**
 * Writes the forms of a report that were asked for; a file appears whole or not at all. One that cannot be written does
 * not keep the other from it: throws a `ReportError` for the first that failed, after both were tried.
 */
export async function writeRenderings(
  { json, markdown }: Renderings,
  targets: Targets,
  stdio: Stdio,
): Promise<void> {
  const results = await Promise.allSettled([
    write(targets.report, json, stdio),
    write(targets.reportMarkdown, markdown, stdio),
  ]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** Why a file cannot come to be at a path, as far as that can be known without writing. */
async function findObstacle(target: string): Promise<string | undefined> {
  const found = await stat(target).catch(() => undefined);
  if (found?.isDirectory()) return 'it is a directory: give the path of a file';
  try {
    const directory = dirname(target);
    if (!(await stat(directory)).isDirectory()) return `${quote(directory)} is not a directory`;
    await access(directory, constants.W_OK);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

async function write(
  target: string | undefined,
  render: () => Iterable<string>,
  stdio: Stdio,
): Promise<void> {
  if (target === undefined) return;
  try {
    if (target === '-') for (const piece of inBlocks(render())) await writeTo(stdio.out, piece);
    else if (await isSpecialFile(target)) await writeFile(target, inBlocks(render()));
    else await replaceFile(target, render());
  } catch (cause) {
    throw new ReportError('unwritable', `cannot write the report ${quote(target)}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

async function replaceFile(target: string, pieces: Iterable<string>): Promise<void> {
  const draft = `${target}.${process.pid}.tmp`;
  try {
    await writeFile(draft, inBlocks(pieces));
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Characters that are written at a time. */
const BLOCK = 256 * 1024;

function* inBlocks(pieces: Iterable<string>): Generator<string> {
  let block = '';
  for (const piece of pieces) {
    block += piece;
    if (block.length < BLOCK) continue;
    yield block;
    block = '';
  }
  yield block;
}

/** A pipe or a device is written to, not replaced. */
async function isSpecialFile(target: string): Promise<boolean> {
  const found = await stat(target).catch(() => undefined);
  return found !== undefined && !found.isFile();
}
