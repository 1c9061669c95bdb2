import { flagsOf } from '../flags/flag.ts';
import { LOG_FLAGS } from '../flags/flags.ts';
import { printVersion } from '../output/version.ts';
import { defineCommand } from './command.ts';

/** `cip version`. */
export const version = defineCommand({
  words: 'version',
  isOfKpromo: true,
  flags: [...flagsOf('General', [{ name: 'json', description: 'print JSON (also `-j`)' }]), ...LOG_FLAGS],
  help: {
    about: 'prints the version.',
    examples: [
      ['', 'in lines'],
      ['-json', 'as JSON'],
    ],
    exit: '0.',
  },
  parse: ({ flags }): 'text' | 'json' => (flags.isOn('json') ? 'json' : 'text'),
  run: (format, { stdio }) => printVersion(stdio, format),
});
