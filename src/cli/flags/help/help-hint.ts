import type { ProgramName } from '../../commands/command.ts';
import { wordsOfCommand } from '../../commands/find-command.ts';
import { FLAGS } from '../flags.ts';
import { wordsAmong } from '../go-flags.ts';

/** Where whoever has mistyped a command line finds the flags of the command that it names. */
export function helpHint(program: ProgramName, argv: readonly string[]): string {
  const words = wordsOfCommand(program, wordsAmong(argv, FLAGS)) ?? [];
  return `${[program, ...words].join(' ')} -help lists the flags`;
}
