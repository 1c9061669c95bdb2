import { chmod, chown, open, rename, rm, truncate, writeFile } from 'node:fs/promises';
import type { ReportPlace } from './report-place.ts';

type FilePlace = Extract<ReportPlace, { kind: 'file' }>;

/**
 * Puts pieces of text into a file that appears whole or not at all, with the mode and, where possible, the owner of the
 * one that it replaces. One that cannot be replaced (a mount of its own, a directory that is read-only) is filled anew.
 */
export async function writeReportFile(
  { path, old }: FilePlace,
  render: () => Iterable<string>,
): Promise<void> {
  const draft = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await writeFile(draft, render(), { flag: 'wx', mode: old === undefined ? 0o666 : old.mode & 0o777 });
    if (old !== undefined) await keepOwner(draft, old);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {}); // a directory that is read-only has none
    if (old === undefined || !isIrreplaceable(error)) throw error;
    await writeFile(path, render());
  }
}

/**
 * Removes the report of an earlier run, so that nobody takes it for that of a run which ends before it has one. A file
 * that is no report of ours stays until there is something to put in its place.
 */
export async function discardOldReport({ path, old }: FilePlace): Promise<void> {
  if (old === undefined || !OUR_REPORT.test(await beginningOf(path))) return;
  await rm(path).catch(() => truncate(path));
}

const OUR_REPORT =
  /^(?:\{\s*"version": \d+,\s*"mode": "(?:parse-only|dry-run|promotion|verify)"|## (?:Image promotion|Image verification|Promoter manifests)\b)/;

/** Bytes that tell whose report it is. */
const BEGINNING = 200;

async function beginningOf(path: string): Promise<string> {
  const file = await open(path).catch(() => undefined); // what may not be read may still be replaced
  if (file === undefined) return '';
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(BEGINNING), 0, BEGINNING, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

async function keepOwner(draft: string, { mode, uid, gid }: NonNullable<FilePlace['old']>): Promise<void> {
  await chown(draft, uid, gid).catch(() => {}); // only root may give files away
  await chmod(draft, mode & 0o7777);
}

const IRREPLACEABLE: ReadonlySet<unknown> = new Set(['EBUSY', 'EACCES', 'EPERM', 'EROFS', 'EXDEV']);

function isIrreplaceable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && IRREPLACEABLE.has(error.code);
}
