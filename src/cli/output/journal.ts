import { writeFileSync } from 'node:fs';
import { type FileHandle, open, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import type { Secrets } from '../../base/secrets.ts';
import { quote } from '../../base/text.ts';
import type { CopyEvents } from '../../copy/copy-events.ts';
import type { Outcome } from '../../copy/outcome.ts';
import type { WritableItem } from '../../plan/plan.ts';
import type { Log } from '../../ports/log.ts';
import { isJournal, readJournal, renderJournalHead, renderJournalItem } from '../../report/journal.ts';
import { makePromotionItem } from '../../report/make-report.ts';
import type { RunReport } from '../../report/report.ts';
import { inDirectory } from './held-directory.ts';
import type { ReportTarget } from './report-target.ts';
import { VERSION } from './version.ts';
import { inBlocks } from './write-report.ts';

export interface JournalParts {
  readonly log: Log;
  /** Redacted in every line. */
  readonly secrets: Secrets;
  readonly now: () => number;
}

/**
 * The file `REPORT.partial` of a promotion: a line for each edge when its outcome is known, so that a killed run leaves
 * a record. A promotion does not depend on it: a failure is a warning.
 */
export class Journal implements Pick<CopyEvents, 'edgeEnded'> {
  readonly #parts: JournalParts;
  readonly #path: string | undefined;
  readonly #mode: number;
  #file: FileHandle | undefined;

  /** Only a report in a file has one. */
  constructor(report: ReportTarget | undefined, parts: JournalParts) {
    this.#parts = parts;
    this.#path = report?.kind === 'file' ? `${report.path}.partial` : undefined;
    this.#mode = report?.kind === 'file' && report.old !== undefined ? report.old.mode & 0o777 : 0o666;
  }

  /** Begins the file, with what the plan refuses. A dry run has none. */
  async planned(report: RunReport): Promise<void> {
    if (this.#path === undefined || report.mode !== 'promotion') return;
    const { secrets } = this.#parts;
    try {
      await this.#warnOfOld(this.#path);
      this.#file = await create(this.#path, this.#mode);
      await writeFile(this.#file, inBlocks(linesOf(report), secrets));
    } catch (error) {
      this.#giveUp(error);
    }
  }

  /** Written at once: what is buffered here is lost when the process is killed. */
  edgeEnded(item: WritableItem, outcome: Outcome): void {
    if (this.#file === undefined) return;
    const { secrets, now } = this.#parts;
    const line = renderJournalItem(makePromotionItem(item, { outcome, mode: 'promotion' }), now());
    try {
      writeFileSync(this.#file.fd, secrets.redact(line));
    } catch (error) {
      this.#giveUp(error);
    }
  }

  /** Removes the file once the report itself has been written. */
  async close({ isReported }: { readonly isReported: boolean }): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (this.#path === undefined || file === undefined) return;
    await file.close();
    if (!isReported) return;
    const name = basename(this.#path);
    await inDirectory(dirname(this.#path), (pathOf) => rm(pathOf(name), { force: true })).catch(() => {});
  }

  /** A journal that is replaced was left by a killed run. Throws for a file of another kind. */
  async #warnOfOld(path: string): Promise<void> {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) return;
    const old = isJournal(text) ? readJournal(text) : undefined;
    if (old === undefined) throw new Error('the file exists and is not a journal');
    const startedAt = String(old['startedAt']);
    const copied = isObject(old['summary']) ? Number(old['summary']['copied']) : 0;
    this.#parts.log.write('warning', 'replacing the journal of a killed run', { path, startedAt, copied });
  }

  #giveUp(error: unknown): void {
    const file = this.#file;
    this.#file = undefined;
    void file?.close().catch(() => {});
    const why = messageOf(error);
    this.#parts.log.write('warning', `no journal ${quote(this.#path ?? '')}: ${why}`);
  }
}

/** In place of an old one; a link is replaced, not followed. */
function create(path: string, mode: number): Promise<FileHandle> {
  return inDirectory(dirname(path), async (pathOf) => {
    const name = pathOf(basename(path));
    await rm(name, { force: true });
    return await open(name, 'ax', mode);
  });
}

function* linesOf(report: RunReport): Generator<string> {
  yield renderJournalHead(report, VERSION);
  for (const item of report.items) {
    const isToWrite = item.decision === 'copy' || item.decision === 'add-tag';
    if (!isToWrite) yield renderJournalItem(item);
  }
}
