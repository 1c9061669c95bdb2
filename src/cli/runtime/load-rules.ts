import { lstat } from 'node:fs/promises';
import { NO_SETTINGS, type RuleSettings } from '../../checks/rule-settings.ts';
import { LayoutError } from '../../manifest/layout/layout-error.ts';
import type { ManifestLocation } from '../../manifest/read-manifests.ts';
import { settingsPathOf } from '../../settings/settings-path.ts';
import type { PromotionOptions } from '../flags/options/promotion-options.ts';
import { InputError } from '../flags/usage-error.ts';

/**
 * The levels and parameters of rules in the settings beside the manifests. Levels of flags override them. Throws an
 * `InputError` for settings that cannot be used.
 */
export async function loadRules(
  where: ManifestLocation,
  levels: RuleSettings['levels'],
  signal: AbortSignal,
): Promise<RuleSettings> {
  const read = await readRules(where, signal);
  return { ...read, levels: new Map([...read.levels, ...levels]) };
}

/** Throws an `InputError` if the rule `max-image-size` is on and has no limit. */
export function requireSizeLimit(
  { levels, parameters }: RuleSettings,
  { maxImageSize = parameters.maxImageSize }: Pick<PromotionOptions, 'maxImageSize'>,
): void {
  const level = levels.get('max-image-size') ?? 'off';
  if (level === 'off' || maxImageSize !== undefined) return;
  throw new InputError(
    'the rule max-image-size needs a size: give -max-image-size=MIB, or set mib in .cip.yaml',
  );
}

async function readRules(where: ManifestLocation, signal: AbortSignal): Promise<RuleSettings> {
  const path = settingsPathOf(where);
  const exists = await lstat(path).then(
    () => true,
    () => false, // a missing directory is reported when the manifests are read
  );
  if (!exists || signal.aborted) return NO_SETTINGS;
  const { readRuleSettings } = await import('../../settings/read-settings.ts');
  return await readRuleSettings(path, signal).catch((error: unknown) => {
    throw error instanceof LayoutError ? new InputError(error.message) : error;
  });
}
