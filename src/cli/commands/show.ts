import { quote } from '../../base/text.ts';
import { flagsOf } from '../flags/flag.ts';
import { LOG_FLAGS, PLAN_TRUST_FLAGS } from '../flags/flags.ts';
import { logOptionsOf } from '../flags/options/run-options.ts';
import { UsageError } from '../flags/usage-error.ts';
import { defineCommand, type Given } from './command.ts';
import type { PlanFormat, ShowOptions } from './run/run-show.ts';

const SHOW_FLAGS = flagsOf('Plan files', [
  {
    name: 'output',
    value: 'FORMAT',
    default: 'text',
    values: ['text', 'json', 'markdown', 'html'],
    description: '`text`, `json`, `markdown` or `html`',
    neverEmpty: true,
  },
]);

/** `cip show`. */
export const show = defineCommand<ShowOptions>({
  words: 'show',
  operands: '<file>',
  completion: 'files',
  flags: [...SHOW_FLAGS, ...PLAN_TRUST_FLAGS, ...LOG_FLAGS],
  help: {
    about: 'prints a plan file (-plan-out=FILE): every write that `cip apply` makes.',
    summary: ['FILE', 'print a plan file'],
    examples: [
      ['plan.json', 'print it as text'],
      ['plan.json -output=markdown', 'print it for a comment on a pull request'],
      ['plan.json -plan-trusted-key=key.pub', 'verify its signature'],
    ],
    exit: '0 success; 1 not signed by a trusted key; 2 no plan file.',
  },
  parse: makeShowOptions,
  run: async (options, context) => (await import('./run/run-show.ts')).runShow(options, context),
});

const FORMATS: readonly PlanFormat[] = ['text', 'json', 'markdown', 'html'];

function makeShowOptions({ flags, operands: [file = ''] }: Given): ShowOptions {
  const text = flags.text('output') ?? 'text';
  const format = FORMATS.find((name) => name === text.toLowerCase());
  if (format === undefined)
    throw new UsageError(`-output is text, json, markdown or html, not ${quote(text)}`);
  return { file, format, trustedKeys: flags.all('plan-trusted-key'), log: logOptionsOf(flags) };
}
