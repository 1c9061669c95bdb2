import type { Problem, ReadManifests } from '../manifest/model.ts';
import type { Finding, LeveledRule } from './rule.ts';
import { CHECK_NAMES, type CheckName, type RuleLevel, type RuleSettings } from './rule-settings.ts';

type Levels = RuleSettings['levels'];

/** The rules that run, with their levels. */
export function withLevels<Rule extends LeveledRule>(
  rules: readonly Rule[],
  levels: Levels,
): readonly Rule[] {
  return rules
    .map((rule) => ({ ...rule, level: chosen(rule.name, levels) ?? rule.level }))
    .filter(({ level }) => level !== 'off');
}

/** The same for findings that another stage made. */
export function relevelFindings(findings: readonly Finding[], levels: Levels): readonly Finding[] {
  return findings.flatMap((finding) => {
    const level = chosen(finding.rule, levels) ?? finding.level;
    return level === 'off' ? [] : [{ ...finding, level }];
  });
}

/** The same for the problems of manifests, of which few rules have a level. An error counts as an invalid entry. */
export function relevelProblems(read: ReadManifests, levels: Levels): ReadManifests {
  const problems = read.problems.flatMap((problem): Problem[] => {
    const level = chosen(problem.rule, levels);
    if (level === undefined) return [problem];
    return level === 'off' ? [] : [{ ...problem, severity: level === 'error' ? 'error' : 'warning' }];
  });
  return { ...read, problems };
}

function chosen(rule: string, levels: Levels): RuleLevel | undefined {
  const name = CHECK_NAMES.find((one): one is CheckName => one === rule);
  return name === undefined ? undefined : levels.get(name);
}
