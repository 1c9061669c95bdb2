import { readFile, stat } from 'node:fs/promises';
import {
  type AllowedDigests,
  type ExtraImage,
  groupExtraImages,
} from '../../auditor/verdict/allowed-images.ts';
import { splitReference } from '../../auditor/events/registry-event.ts';
import { messageOf } from '../../base/errors.ts';
import { quote } from '../../base/text.ts';
import { parseRepository, type Repository } from '../../image/repository.ts';
import { isWritable } from '../../plan/plan.ts';
import { parseReport } from '../../report/parse-report.ts';
import type { PromotionItem } from '../../report/report.ts';
import { InputError } from '../flags/usage-error.ts';
import { readPlanFile } from './plan-files.ts';

export interface ExtraFiles {
  readonly plans: readonly string[];
  readonly reports: readonly string[];
}

type Images = ReadonlyMap<string, AllowedDigests>;

/** Milliseconds between two checks of the files. */
const INTERVAL = 1_000;

/**
 * The images that the promoter writes according to plan files and reports. Changed files are read again. The first read
 * throws an `InputError` for a file that cannot be used. A later failure keeps the previous images.
 */
export async function openExtraImages(
  files: ExtraFiles,
  { now, onFailure }: { readonly now: () => number; readonly onFailure: (reason: string) => void },
): Promise<() => Promise<Images>> {
  if (files.plans.length + files.reports.length === 0) return async () => NONE;
  let state = await stateOf(files);
  let images = Promise.resolve(await readAll(files));
  let checkedAt = now();
  const refresh = async (before: Promise<Images>): Promise<Images> => {
    try {
      const found = await stateOf(files);
      if (found === state) return await before;
      const read = await readAll(files);
      state = found;
      return read;
    } catch (error) {
      onFailure(messageOf(error));
      return await before;
    }
  };
  return () => {
    if (now() - checkedAt >= INTERVAL) {
      checkedAt = now();
      images = refresh(images);
    }
    return images;
  };
}

const NONE: Images = new Map();

async function stateOf({ plans, reports }: ExtraFiles): Promise<string> {
  const states = [...plans, ...reports].map(async (path) => {
    const { ino, size, mtimeMs } = await stat(path).catch((error: unknown) => {
      throw new InputError(`cannot read ${quote(path)}: ${messageOf(error)}`);
    });
    return `${ino} ${size} ${mtimeMs}`;
  });
  return (await Promise.all(states)).join('\n');
}

async function readAll({ plans, reports }: ExtraFiles): Promise<Images> {
  const lists = await Promise.all([...plans.map(readPlan), ...reports.map(readReport)]);
  return groupExtraImages(lists.flat());
}

async function readPlan(path: string): Promise<readonly ExtraImage[]> {
  const { plan } = await readPlanFile(path);
  return plan.items.filter(isWritable);
}

async function readReport(path: string): Promise<readonly ExtraImage[]> {
  try {
    const report = parseReport(await readFile(path, 'utf8'));
    if (report.mode === 'verify' || report.mode === 'audit' || report.mode === 'sigcheck') {
      throw new Error(`cip ${report.mode} writes no images: give the report of a promotion`);
    }
    return report.items.flatMap(imageOf);
  } catch (error) {
    throw new InputError(`cannot use the report ${quote(path)}: ${messageOf(error)}`);
  }
}

function imageOf({ decision, destination, digest, source }: PromotionItem): readonly ExtraImage[] {
  if ((decision !== 'copy' && decision !== 'add-tag') || destination === null || digest === null) return [];
  const { repository: name, tag } = splitReference(destination);
  const repository = parseRepository(name);
  if (repository === undefined) return [];
  return [{ destination: repository, digest, tag: tag === '' ? undefined : tag, sources: sourcesOf(source) }];
}

function sourcesOf(source: string | null): readonly Repository[] {
  const repository = source === null ? undefined : parseRepository(splitReference(source).repository);
  return repository === undefined ? [] : [repository];
}
