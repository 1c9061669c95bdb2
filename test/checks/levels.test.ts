import { expect, it } from 'vitest';
import { relevelFindings, relevelProblems, withLevels } from '../../src/checks/levels.ts';
import type { Finding, LeveledRule } from '../../src/checks/rule.ts';
import type { CheckName, RuleLevel } from '../../src/checks/rule-settings.ts';
import type { Problem } from '../../src/manifest/model.ts';

const levels = (...pairs: readonly (readonly [CheckName, RuleLevel])[]) => new Map(pairs);
const AT = { file: 'm.yaml', line: 1, column: 1 };

it('a rule has the chosen level, else its own, and does not run at off', () => {
  const rules: readonly LeveledRule[] = [
    { name: 'owners', level: 'warn' },
    { name: 'moving-tag', level: 'warn' },
    { name: 'min-age', level: 'off' },
    { name: 'retention', level: 'off' },
  ];
  expect(withLevels(rules, levels(['owners', 'off'], ['min-age', 'error']))).toEqual([
    { name: 'moving-tag', level: 'warn' },
    { name: 'min-age', level: 'error' },
  ]);
});

it('findings of other stages get the chosen level', () => {
  const finding = (rule: string): Finding => ({ rule, level: 'error', message: 'm', at: AT, edges: [] });
  const findings = ['removed-entries', 'broken-base', 'another'].map(finding);
  const chosen = levels(['removed-entries', 'warn'], ['broken-base', 'off']);
  expect(relevelFindings(findings, chosen).map(({ rule, level }) => `${rule} ${level}`)).toEqual([
    'removed-entries warn',
    'another error',
  ]);
});

it('problems of manifests get the chosen level, and malformed entries stay errors', () => {
  const problem = (rule: Problem['rule'], severity: Problem['severity']): Problem => ({
    rule,
    severity,
    message: 'm',
    at: AT,
    frame: '',
  });
  const problems = [
    problem('orphan-images', 'warning'),
    problem('file-name', 'warning'),
    problem('digest', 'error'),
  ];
  const read = { manifests: [], problems, counts: { projects: 0, images: 0, digests: 0 } };
  const chosen = levels(['orphan-images', 'error'], ['file-name', 'off']);
  expect(relevelProblems(read, chosen).problems.map(({ rule, severity }) => `${rule} ${severity}`)).toEqual([
    'orphan-images error',
    'digest error',
  ]);
});
