import { expect, it } from 'vitest';
import { ruleLevelsOf } from '../../../../src/cli/flags/options/rule-option.ts';

it('has the level of each rule', () => {
  const levels = ruleLevelsOf(['owners=off', 'moving-tag=ERROR', 'owners=off']);
  expect(Object.fromEntries(levels)).toEqual({ owners: 'off', 'moving-tag': 'error' });
});

it.each([
  ['owners', '-rule is NAME=LEVEL, such as moving-tag=error, not "owners"'],
  ['=warn', '-rule is NAME=LEVEL, such as moving-tag=error, not "=warn"'],
  ['provenance-required=off', '-rule: unknown rule "provenance-required": did you mean "provenance"?'],
  ['owner=warn', '-rule: unknown rule "owner": did you mean "owners"?'],
  ['owners=on', '-rule=owners=on: the level is off, warn or error, not "on"'],
  ['tag-move=off', '-rule: unknown rule "tag-move": it is a decision of every plan, so it has no level'],
])('refuses %s', (value, message) => {
  expect(() => ruleLevelsOf([value])).toThrow(message);
});

it('refuses an unknown rule without a similar name with all names', () => {
  expect(() => ruleLevelsOf(['xyz=warn'])).toThrow(
    /unknown rule "xyz": expected broken-base, .*weaker-policy$/,
  );
});

it('refuses two levels of one rule', () => {
  expect(() => ruleLevelsOf(['owners=off', 'owners=warn'])).toThrow(
    '-rule=owners=off and -rule=owners=warn contradict each other: give one',
  );
});
