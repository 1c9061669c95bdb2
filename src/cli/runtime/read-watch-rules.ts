import { join } from 'node:path';
import { LayoutError } from '../../manifest/layout/layout-error.ts';
import { readSettings } from '../../settings/read-settings.ts';
import { SETTINGS_FILE } from '../../settings/settings-path.ts';
import type { WatchRule } from '../../settings/watch-section.ts';
import { InputError } from '../flags/usage-error.ts';

/** The section `watch` of the settings beside the manifests. Throws an `InputError` if there is none. */
export async function readWatchRules(directory: string, signal: AbortSignal): Promise<readonly WatchRule[]> {
  const settings = await readSettings(join(directory, SETTINGS_FILE), signal).catch((error: unknown) => {
    throw error instanceof LayoutError ? new InputError(error.message) : error;
  });
  if (settings.watch) return settings.watch;
  throw new InputError(`${SETTINGS_FILE} has no section "watch": nothing is watched`);
}
