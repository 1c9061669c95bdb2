import { flagsOf } from '../flags/flag.ts';
import { LOG_FLAGS } from '../flags/flags.ts';
import { defineCommand } from './command.ts';

/** `cip version`. */
export const version = defineCommand({
  words: 'version',
  isOfKpromo: true,
  flags: [
    ...flagsOf('General', [{ name: 'json', description: 'print JSON (also `-j`)', isCommon: true }]),
    ...LOG_FLAGS,
  ],
  help: {
    about: 'prints the version.',
    examples: [
      ['', 'in lines'],
      ['-json', 'as JSON'],
    ],
    exit: '0.',
  },
  parse: ({ flags }) => ({ isJson: flags.isOn('json') }),
  run: async ({ isJson }, { stdio }) => {
    const { printVersion, printVersionJson } = await import('../output/version.ts');
    return isJson ? printVersionJson(stdio) : printVersion(stdio);
  },
});
