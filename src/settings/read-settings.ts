import { LayoutError } from '../manifest/layout/layout-error.ts';
import { readSource } from '../manifest/layout/read-source.ts';
import type { Problem } from '../manifest/model.ts';
import { renderProblem } from '../manifest/problem.ts';
import { SourceFile } from '../manifest/source-file.ts';
import { parseSettings } from './parse-settings.ts';
import type { RuleSettings } from '../checks/rule-settings.ts';
import { ruleSettingsOf } from './rules-section.ts';
import { SETTINGS_FILE } from './settings-path.ts';
import type { Settings } from './settings.ts';

/** Far above the size of a file written by hand. */
const MAX_FILE_BYTES = 1024 * 1024;

/** Reads the settings at a path. Throws a `LayoutError` with all errors for a file that cannot be used. */
export async function readSettings(path: string, signal: AbortSignal): Promise<Settings> {
  // a link may lead to a file that its author cannot read, and errors quote values
  const reading = {
    file: SETTINGS_FILE,
    path,
    noun: 'settings',
    links: 'refuse',
    maxBytes: MAX_FILE_BYTES,
  } as const;
  const source = await readSource(reading, signal);
  if (!(source instanceof SourceFile)) throw new LayoutError('file-unusable', [{ ...source, path }]);
  const settings = parseSettings(source);
  if (settings !== undefined) return settings;
  // rules behind a warning, such as a second document, would not run
  const problems = source.problems.map((problem): Problem => ({ ...problem, severity: 'error' }));
  const issues = problems.map((problem) => ({ path, message: renderProblem(problem) }));
  throw new LayoutError('file-unusable', issues);
}

/** The section `rules` of the settings at a path. */
export async function readRuleSettings(path: string, signal: AbortSignal): Promise<RuleSettings> {
  return ruleSettingsOf((await readSettings(path, signal)).rules ?? {});
}
