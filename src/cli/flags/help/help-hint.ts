import type { ProgramName } from '../../commands/command.ts';
import { wordsOfCommand } from '../../commands/find-command.ts';
import { FLAGS } from '../flags.ts';
import { wordsAmong } from '../go-flags.ts';

/** The hint after a usage error: how to list the flags of the command. */
export function helpHint(program: ProgramName, argv: readonly string[]): string {
  const words = wordsOfCommand(program, wordsAmong(argv, FLAGS)) ?? [];
  return `${[program, ...words].join(' ')} -help-all lists the flags`;
}
