import { lstat } from 'node:fs/promises';
import { NO_SETTINGS, type RuleSettings } from '../../checks/rule-settings.ts';
import type { VulnerabilityPolicy } from '../../checks/vulnerabilities/gate-options.ts';
import { LayoutError } from '../../manifest/layout/layout-error.ts';
import type { ManifestLocation } from '../../manifest/read-manifests.ts';
import { settingsPathOf } from '../../settings/settings-path.ts';
import type { PromotionOptions } from '../flags/options/promotion-options.ts';
import type { VulnerabilityOptions } from '../flags/options/vulnerability-options.ts';
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

/**
 * The policy of the vulnerability gate: that of the settings, with the flags. Undefined: the gate is off. Throws an
 * `InputError` for a gate that is off and was asked for in another way.
 */
export function vulnerabilityPolicyOf(
  { levels, parameters }: RuleSettings,
  { threshold: given, fixableOnly, dependent }: VulnerabilityOptions,
): VulnerabilityPolicy | undefined {
  const own = parameters.vulnerabilities ?? {};
  const level = levels.get('vulnerabilities');
  const isWanted = given !== undefined && given !== 'off';
  if (level === 'off' && isWanted)
    throw new InputError(
      'the rule vulnerabilities is off, which contradicts -vuln-severity-threshold: give -1 or another level',
    );
  const threshold = level === 'off' ? 'off' : (given ?? own.threshold ?? 'off');
  if (threshold !== 'off')
    return {
      threshold,
      fixableOnly: fixableOnly ?? own.fixableOnly ?? true,
      allowed: own.allowed ?? [],
    };
  if (dependent !== '')
    throw new InputError(
      `vulnerabilities are not checked, so there is no use for ${dependent}: give -vuln-severity-threshold=SEVERITY`,
    );
  if (given === undefined && (level ?? 'off') !== 'off')
    throw new InputError(
      'the rule vulnerabilities needs a threshold: give -vuln-severity-threshold=SEVERITY, or set threshold in .cip.yaml',
    );
  return undefined;
}

async function readRules(where: ManifestLocation, signal: AbortSignal): Promise<RuleSettings> {
  const path = settingsPathOf(where);
  const exists = await lstat(path).then(
    () => true,
    () => false, // a missing directory is reported when the manifests are read
  );
  if (!exists || signal.aborted) return NO_SETTINGS;
  const { readRuleSettings } = await import('../commands/run/rare-runs.ts');
  return await readRuleSettings(path, signal).catch((error: unknown) => {
    throw error instanceof LayoutError ? new InputError(error.message) : error;
  });
}
