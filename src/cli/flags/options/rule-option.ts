import { nearest, quote } from '../../../base/text.ts';
import {
  CHECK_NAMES,
  type CheckName,
  DECISION_ADVICE,
  DECISIONS,
  FORMER_CHECKS,
  RULE_LEVELS,
  type RuleLevel,
  type RuleSettings,
} from '../../../checks/rule-settings.ts';
import { UsageError } from '../usage-error.ts';

/** The levels of all values of `-rule`: `NAME=LEVEL`. Throws a `UsageError`. */
export function ruleLevelsOf(values: readonly string[]): RuleSettings['levels'] {
  const levels = new Map<CheckName, RuleLevel>();
  for (const value of values) {
    const [, name = '', level = ''] = /^([^=]*)=(.*)$/.exec(value) ?? [];
    if (name === '')
      throw new UsageError(`-rule is NAME=LEVEL, such as moving-tag=error, not ${quote(value)}`);
    const check = checkNamed(name);
    const known = levels.get(check);
    const parsed = levelNamed(level, value);
    if (known !== undefined && known !== parsed)
      throw new UsageError(
        `-rule=${name}=${known} and -rule=${name}=${parsed} contradict each other: give one`,
      );
    levels.set(check, parsed);
  }
  return levels;
}

function checkNamed(name: string): CheckName {
  const check = CHECK_NAMES.find((one) => one === name);
  if (check !== undefined) return check;
  if (DECISIONS.includes(name))
    throw new UsageError(`-rule: unknown rule ${quote(name)}: ${DECISION_ADVICE}`);
  const meant = FORMER_CHECKS[name] ?? nearest(name, CHECK_NAMES);
  const advice = meant === undefined ? `expected ${CHECK_NAMES.join(', ')}` : `did you mean ${quote(meant)}?`;
  throw new UsageError(`-rule: unknown rule ${quote(name)}: ${advice}`);
}

function levelNamed(text: string, value: string): RuleLevel {
  const level = RULE_LEVELS.find((one) => one === text.toLowerCase());
  if (level !== undefined) return level;
  throw new UsageError(`-rule=${value}: the level is off, warn or error, not ${quote(text)}`);
}
