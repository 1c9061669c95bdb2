import { flagsOf } from '../flags/flag.ts';
import { CHANGE_FLAGS, LOCATION_FLAGS, LOG_FLAGS, RULE_FLAGS } from '../flags/flags.ts';
import { formatOf } from '../flags/options/browse-options.ts';
import { manifestDiffOf } from '../flags/options/manifest-diff-option.ts';
import { locationOf } from '../flags/options/promotion-options.ts';
import { ruleLevelsOf } from '../flags/options/rule-option.ts';
import { runOptionsOf } from '../flags/options/run-options.ts';
import { defineCommand, type Given } from './command.ts';
import type { LintOptions } from './run/run-lint.ts';

const LINT_FORMATS = ['text', 'json', 'github', 'sarif'] as const;

const LINT_FLAGS = flagsOf('Output', [
  {
    name: 'output',
    value: 'FORMAT',
    default: 'text',
    values: LINT_FORMATS,
    description: '`text`, `json`, `github` (annotations) or `sarif`',
    neverEmpty: true,
  },
]);

/** `cip lint`. */
export const lint = defineCommand<LintOptions>({
  words: 'lint',
  isOfKpromo: true,
  flags: [...LOCATION_FLAGS, ...RULE_FLAGS, ...CHANGE_FLAGS, ...LINT_FLAGS, ...LOG_FLAGS],
  help: {
    about: 'checks manifests with all rules that need no network.',
    summary: ['-thin-manifest-dir=DIR', 'check manifests without network access'],
    examples: [
      ['-thin-manifest-dir=DIR', 'print all findings'],
      ['-thin-manifest-dir=DIR -output=github', 'print annotations for a GitHub workflow'],
      ['-thin-manifest-dir=DIR -output=sarif > cip.sarif', 'for code scanning'],
      ['-thin-manifest-dir=DIR -rule=moving-tag=error', 'refuse tags that move'],
    ],
    notes: ['.cip.yaml beside the manifests sets the levels of rules; -rule overrides them.'],
    exit: '0 no errors; 1 errors; 2 unusable input; 130, 143 stopped.',
  },
  parse: makeLintOptions,
  run: async (options, context) => (await import('./run/run-lint.ts')).runLint(options, context),
});

function makeLintOptions({ flags, env }: Given): LintOptions {
  return {
    ...runOptionsOf(flags, []),
    where: locationOf(flags),
    rules: ruleLevelsOf(flags.all('rule')),
    diff: manifestDiffOf(flags, env),
    format: formatOf(flags, LINT_FORMATS) ?? 'text',
  };
}
