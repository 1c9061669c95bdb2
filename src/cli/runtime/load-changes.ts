import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { relevelProblems } from '../../checks/levels.ts';
import type { RuleSettings } from '../../checks/rule-settings.ts';
import type { ReadManifests } from '../../manifest/model.ts';
import { sortProblems } from '../../manifest/problem.ts';
import type { LogLevel } from '../../ports/log.ts';
import { HistoryError } from '../../ports/history.ts';
import { findChanges, type FoundChanges } from '../../workflows/changes/find-changes.ts';
import type { PromotionOptions } from '../flags/options/promotion-options.ts';
import { InputError } from '../flags/usage-error.ts';
import { formatProblems } from './format-problems.ts';
import { loadManifests } from './load-manifests.ts';
import type { Run } from './run-scope.ts';

export interface NamedChanges extends FoundChanges {
  /** The flag or variable that names the earlier state. */
  readonly from: string;
}

/** The options that choose manifests and changes, and the levels of rules. */
type ChangeOptions = Pick<PromotionOptions, 'where' | 'diff' | 'diffSource' | 'siblings'> & {
  readonly rules: RuleSettings;
};

interface LoadedChanges {
  readonly read: ReadManifests;
  /** Undefined for a run that is not limited to changes, or was stopped before they were found. */
  readonly changes: NamedChanges | undefined;
}

/**
 * Reads all manifests, and finds their changes if the run is limited to changes. Throws an `InputError` if the manifests or
 * their history cannot be used.
 */
export async function loadChanges(
  { where, diff, diffSource = '', siblings, rules }: ChangeOptions,
  { log, stop: { stopping }, runtime }: Pick<Run, 'log' | 'stop' | 'runtime'>,
  countLevel: LogLevel,
): Promise<LoadedChanges> {
  const relevel = async (now: ReadManifests) => {
    const isFormatChecked = (rules.levels.get('format') ?? 'off') !== 'off';
    const unformatted = isFormatChecked ? await formatProblems(where, stopping) : [];
    const problems = sortProblems([...now.problems, ...unformatted]);
    return relevelProblems({ ...now, problems }, rules.levels);
  };
  const options = { strict: false, countLevel, log, stopping, review: relevel };
  if (diff === undefined) return { read: await loadManifests(where, options), changes: undefined };
  let changes: NamedChanges | undefined;
  const directory = where.kind === 'thin' ? where.directory : undefined;
  const review = async (now: ReadManifests) => {
    const ports = {
      history: runtime.openHistory(where),
      readFile: async (file: string) =>
        await readFile(directory === undefined ? file : join(directory, file)),
    };
    const found = await findChanges({ where, diff, read: now, siblings }, ports, stopping);
    changes = { ...found, from: diffSource };
    return await relevel(changes.read);
  };
  const read = await loadManifests(where, { ...options, review }).catch((error: unknown) => {
    throw error instanceof HistoryError
      ? new InputError(`cannot find what changed: ${error.message}`)
      : error;
  });
  if (changes !== undefined) logScope(changes, log);
  return { read, changes };
}

function logScope({ wanted, total, scope }: FoundChanges, log: Run['log']): void {
  const { base, since } = scope;
  const compared = base === null ? 'no earlier commit' : base.slice(0, 12);
  log.write('info', 'changed only', {
    edges: wanted.edges,
    of: total,
    base: compared,
    ...(since === undefined ? {} : { since }),
  });
}
