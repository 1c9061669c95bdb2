import type { RuleSettings } from '../../checks/rule-settings.ts';
import type { VulnerabilityPolicy } from '../../checks/vulnerabilities/gate-options.ts';
import type { VulnerabilityOptions } from '../flags/options/vulnerability-options.ts';
import { InputError } from '../flags/usage-error.ts';

/**
 * The policy of the vulnerability gate: that of the settings, with the flags. Undefined: the gate is off. Throws an
 * `InputError` for a gate that is off and was asked for in another way.
 */
export function gatePolicyOf(
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
