import { dirname, join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { SourceFile } from '../../manifest/source-file.ts';
import { exists } from '../output/new-files.ts';
import { readSource } from '../../manifest/layout/read-source.ts';
import { renderProblem } from '../../manifest/problem.ts';
import type { ManifestLocation } from '../../manifest/read-manifests.ts';
import type { Log } from '../../ports/log.ts';
import type { Allowance } from '../../workflows/audit/allow-list.ts';
import { parseAllowList } from '../../workflows/audit/parse-allow-list.ts';
import { InputError } from '../flags/usage-error.ts';
import { writeReportFile } from '../output/report-file.ts';
import { resolveTarget } from '../output/report-target.ts';

const NAME = 'audit-allow.yaml';

/** The allow-list of an audit, as its file is. */
export interface AllowListFile {
  readonly path: string;
  /** Empty where there is no file. */
  readonly text: string;
  readonly allowances: readonly Allowance[];
}

interface Place {
  readonly path: string;
  /** The name of the file in problems. */
  readonly file: string;
  /** Whether the file may be missing. */
  readonly isOptional: boolean;
}

/** The place of the file that `-allow-list` names. Undefined: that of `audit-allow.yaml` beside the manifests. */
export function placeOfAllowList(
  named: string | undefined,
  where: ManifestLocation,
  { isWritten }: { readonly isWritten: boolean },
): Place {
  if (named !== undefined) return { path: named, file: named, isOptional: isWritten };
  const directory = where.kind === 'thin' ? where.directory : dirname(where.file);
  return { path: join(directory, NAME), file: NAME, isOptional: true };
}

/** Reads the allow-list and logs its problems. Throws an `InputError` for a file that cannot be used. */
export async function readAllowList(
  { path, file, isOptional }: Place,
  log: Log,
  signal: AbortSignal,
): Promise<AllowListFile> {
  if (isOptional && !(await exists(path))) return { path, text: '', allowances: [] };
  const source = await readSource({ file, path, noun: 'allow-list' }, signal);
  if (!(source instanceof SourceFile)) throw new InputError(source.message);
  const allowances = parseAllowList(source);
  for (const problem of source.problems) log.write(problem.severity, renderProblem(problem));
  if (source.problems.some(({ severity }) => severity === 'error')) {
    throw new InputError(`the allow-list ${path} cannot be used: see above`);
  }
  return { path, text: source.text, allowances };
}

const HEAD = `# Content that may be in production although no manifest names it: see docs/audit.md.
# Give each entry a reason and an expiry, "expires: YYYY-MM-DD".
`;

/**
 * Adds entries to the end of an allow-list, and keeps every other byte. Throws an `InputError` if the file was changed
 * meanwhile or is no list of lines.
 */
export async function extendAllowList(
  { path, text }: AllowListFile,
  entries: string,
  signal: AbortSignal,
): Promise<void> {
  const target = await resolveTarget(path);
  if (!('kind' in target) || target.kind !== 'file')
    throw new InputError(`cannot write the allow-list ${path}: it is not a file`);
  const now = target.old === undefined ? '' : await currentText(path, signal);
  if (now !== text)
    throw new InputError(`the allow-list ${path} was changed by another program: run the audit again`);
  const end = text === '' || text.endsWith('\n') ? '' : '\n';
  const extended = `${text === '' ? HEAD : text}${end}${entries}`;
  const check = new SourceFile(path, extended);
  parseAllowList(check);
  if (check.problems.length > 0)
    throw new InputError(
      `cannot add to the allow-list ${path}: write its entries as lines that begin with "- "`,
    );
  await writeReportFile(target, () => [extended]).catch((error: unknown) => {
    throw new InputError(`cannot write the allow-list ${path}: ${messageOf(error)}`);
  });
}

async function currentText(path: string, signal: AbortSignal): Promise<string> {
  const source = await readSource({ file: path, path }, signal);
  return source instanceof SourceFile ? source.text : '';
}
