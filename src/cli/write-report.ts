import { access, constants, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../base/errors.ts';
import { quote } from '../base/text.ts';
import { renderJson } from '../report/render-json.ts';
import { renderMarkdown } from '../report/render-markdown.ts';
import type { Report } from '../report/report.ts';
import type { Options } from './options.ts';
import { type Stdio, writeTo } from './stdio.ts';
import { UsageError } from './usage-error.ts';

type Targets = Pick<Options, 'report' | 'reportMarkdown'>;

/** Throws a `UsageError` for a report that could not be written, before anything has been done. */
export async function checkReportTargets({ report, reportMarkdown }: Targets): Promise<void> {
  for (const target of [report, reportMarkdown]) {
    if (target === undefined || target === '-') continue;
    const obstacle = await findObstacle(target);
    if (obstacle !== undefined) throw new UsageError(`cannot write the report ${quote(target)}: ${obstacle}`);
  }
}

/** Writes the reports that were asked for; a file appears whole or not at all. */
export async function writeReports(report: Report, targets: Targets, stdio: Stdio): Promise<void> {
  if (targets.report !== undefined) await write(targets.report, renderJson(report), stdio);
  if (targets.reportMarkdown !== undefined)
    await write(targets.reportMarkdown, renderMarkdown(report), stdio);
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

async function write(target: string, text: string, stdio: Stdio): Promise<void> {
  if (target === '-') return writeTo(stdio.out, text);
  if (await isSpecialFile(target)) return writeFile(target, text);
  const draft = `${target}.${process.pid}.tmp`;
  try {
    await writeFile(draft, text);
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** A pipe or a device is written to, not replaced. */
async function isSpecialFile(target: string): Promise<boolean> {
  const found = await stat(target).catch(() => undefined);
  return found !== undefined && !found.isFile();
}
