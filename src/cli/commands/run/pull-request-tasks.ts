import { join } from 'node:path';
import { LayoutError } from '../../../manifest/layout/layout-error.ts';
import { readSettings } from '../../../settings/read-settings.ts';
import { SETTINGS_FILE } from '../../../settings/settings-path.ts';
import { quote } from '../../../base/text.ts';
import { parseRegistryName } from '../../../image/repository.ts';
import type { PromoterManifest } from '../../../manifest/model.ts';
import type { WatchRule } from '../../../settings/watch-section.ts';
import type { Filters } from '../../../workflows/mm/filters.ts';
import type { MergeRequest } from '../../../workflows/mm/merge-release.ts';
import { chooseStaging } from '../../../workflows/pull-request/choose-staging.ts';
import type { Selection } from '../../../workflows/pull-request/describe-promotion.ts';
import { parseFilters } from '../../browse/merge-images.ts';
import { InputError } from '../../flags/usage-error.ts';
import type { PullRequestOptions } from '../../flags/options/pull-request-options.ts';

export const FLAGS = { images: '-image', tags: '-tag', digests: '-digests' };

/** One pull request to make: images of a project. */
export interface Task extends Pick<MergeRequest, 'unmatched'> {
  readonly manifest: PromoterManifest;
  readonly selection: Selection;
  /** An image is included if one of them matches. */
  readonly filters: readonly Filters[];
}

/** The pull request that the flags describe. Throws an `InputError` for an unknown project. */
export function taskOfFlags(
  { project, staging, filters }: Pick<PullRequestOptions, 'project' | 'staging' | 'filters'>,
  manifests: readonly PromoterManifest[],
): Task {
  const wanted = project ?? (staging === undefined ? 'kubernetes' : undefined);
  const choice = chooseStaging(manifests, { project: wanted, staging });
  if (choice.kind === 'unknown') throw new InputError(choice.reason);
  return {
    manifest: choice.manifest,
    selection: { ...filters, project: choice.project },
    filters: [parseFilters(filters, FLAGS.tags)],
    unmatched: 'refused',
  };
}

/** A pull request for each project that rules name. Throws an `InputError` for a rule that cannot be used. */
export function tasksOfRules(
  rules: readonly WatchRule[],
  manifests: readonly PromoterManifest[],
): readonly Task[] {
  const tasks = new Map<string, Task>();
  for (const [index, rule] of rules.entries()) {
    try {
      const task = taskOfRule(rule, manifests);
      const before = tasks.get(task.manifest.file)?.filters ?? [];
      tasks.set(task.manifest.file, { ...task, filters: [...before, ...task.filters] });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw new InputError(`${SETTINGS_FILE}: watch[${index}]: ${error.message}`);
    }
  }
  return Array.from(tasks.values());
}

function taskOfRule(
  { project, staging, images = [], tags }: WatchRule,
  manifests: readonly PromoterManifest[],
): Task {
  const registry = staging === undefined ? undefined : parseRegistryName(staging);
  if (staging !== undefined && registry === undefined)
    throw new InputError(`invalid registry name ${quote(staging)}`);
  const choice = chooseStaging(manifests, { project, staging: registry });
  if (choice.kind === 'unknown') throw new InputError(choice.reason);
  return {
    manifest: choice.manifest,
    selection: { project: choice.project, tags: [], images: [], digests: [] },
    filters: [parseFilters({ images, tags, digests: [] }, 'tags')],
    unmatched: 'ignored',
  };
}

/** The section `watch` of the settings beside the manifests. Throws an `InputError` if there is none. */
export async function readWatchRules(directory: string, signal: AbortSignal): Promise<readonly WatchRule[]> {
  const settings = await readSettings(join(directory, SETTINGS_FILE), signal).catch((error: unknown) => {
    if (!(error instanceof LayoutError)) throw error;
    throw new InputError(`-watch needs the section "watch" of ${SETTINGS_FILE}: ${error.message}`);
  });
  if (settings.watch) return settings.watch;
  throw new InputError(`${SETTINGS_FILE} has no section "watch": add it, or give -tag instead of -watch`);
}
