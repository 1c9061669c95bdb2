import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { InputError } from '../flags/usage-error.ts';
import { writeReportFile } from './report-file.ts';
import { resolveTarget } from './report-target.ts';

/** The list of images of a project, before it is edited. */
export interface ImageList {
  /** Relative to the manifest directory. */
  readonly file: string;
  /** Without a byte order mark. */
  readonly text: string;
}

export async function readImageList(directory: string, project: string): Promise<ImageList> {
  const file = fileOf(project);
  return { file, text: withoutMark(await readFile(join(directory, file), 'utf8')) };
}

/** Replaces the text of a list, as a whole or not at all. Throws an `InputError` if it was changed meanwhile. */
export async function writeImageList(
  directory: string,
  { project, before, text }: { readonly project: string; readonly before: string; readonly text: string },
): Promise<void> {
  await replaceText(join(directory, fileOf(project)), { before, text });
}

/**
 * Replaces the text of a file, as a whole or not at all; links, permissions and a byte order mark are kept. Throws an
 * `InputError` if it was changed meanwhile.
 */
export async function replaceText(
  path: string,
  { before, text }: { readonly before: string; readonly text: string },
): Promise<void> {
  const target = await resolveTarget(path);
  if (!('kind' in target) || target.kind !== 'file') throw new InputError(`${path} cannot be written`);
  const old = await readFile(path, 'utf8');
  if (withoutMark(old) !== before) throw new InputError(`${path} was changed meanwhile: run it again`);
  const mark = old === before ? '' : BYTE_ORDER_MARK;
  await writeReportFile(target, () => [mark + text]).catch((cause: unknown) => {
    throw new Error(`cannot write ${path}: ${messageOf(cause)}`, { cause });
  });
}

function fileOf(project: string): string {
  return `images/${project}/images.yaml`;
}

export const BYTE_ORDER_MARK = '\uFEFF';

export function withoutMark(text: string): string {
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(BYTE_ORDER_MARK.length) : text;
}
