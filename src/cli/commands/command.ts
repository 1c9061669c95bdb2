import type { Flag } from '../flags/flag.ts';
import type { FlagValues } from '../flags/flag-values.ts';
import { GENERAL_FLAGS } from '../flags/flags.ts';
import { refuseUnusable } from '../flags/refuse-flags.ts';
import type { Stdio } from '../output/stdio.ts';

export type ProgramName = 'cip' | 'kpromo';

/** The command line behind the words of the command. */
export interface Given {
  readonly flags: FlagValues;
  readonly operands: readonly string[];
  readonly program: ProgramName;
  readonly env: NodeJS.ProcessEnv;
}

/** The streams and the environment of the process. */
export interface ProcessContext {
  readonly stdio: Stdio;
  readonly env: NodeJS.ProcessEnv;
}

/** A call without the name of the program, and its purpose. */
export type Example = readonly [call: string, purpose: string];

export interface CommandHelp {
  /** Follows the call: `cip verify` + `checks …`. */
  readonly about: string;
  /** For the help of the program; without one it is not listed there. */
  readonly summary?: Example;
  readonly examples: readonly Example[];
  readonly notes?: readonly string[];
  /** The flags that `-help` prints; `-help-all` prints all. Default: all. */
  readonly common?: readonly string[];
  /** The meaning of the exit codes. */
  readonly exit: string;
}

/** One command, as its module states it. */
export interface CommandSpec<Request> {
  /** The words behind `cip`, or behind `kpromo cip`; empty for the program itself. */
  readonly words: string;
  /** Whether `kpromo WORDS` is the same as `kpromo cip WORDS`. */
  readonly isOfKpromo?: true;
  /** Operands as commander writes them: `<file>`, `[files...]`. Default: none. */
  readonly operands?: string;
  /** What completions offer for an operand. Default: nothing. */
  readonly completion?: 'files' | 'directories' | readonly string[];
  /** All flags that it takes; `-help`, `-help-all` and `-version` go with every command. */
  readonly flags: readonly Flag[];
  /** A refusal of the flag of another command in words of its own. */
  readonly refusal?: (flag: string) => string;
  readonly help: CommandHelp;
  /** Parses the request. Throws a `UsageError` for missing and contradicting flags. */
  readonly parse: (given: Given) => Request;
  /** Runs the request and resolves to the exit code. Its code is loaded here. */
  readonly run: (request: Request, context: ProcessContext) => Promise<number>;
}

/** A command in the table, whatever its request is. */
export interface CipCommand extends Omit<CommandSpec<never>, 'parse' | 'run'> {
  /** Throws a `UsageError` where no request can be made. */
  readonly check: (given: Given) => void;
  readonly execute: (given: Given, context: ProcessContext) => Promise<number>;
}

/** Makes the table entry of a command. */
export function defineCommand<Request>(
  spec: CommandSpec<Request>,
): CipCommand & Pick<CommandSpec<Request>, 'parse'> {
  const flags = [...spec.flags, ...GENERAL_FLAGS];
  const parse = (given: Given) => {
    refuseUnusable(flags, given.flags);
    return spec.parse(given);
  };
  return {
    ...spec,
    flags,
    parse,
    check: (given) => void parse(given),
    execute: async (given, context) => await spec.run(parse(given), context),
  };
}

/** The call of a command, written in full. */
export function callOf(program: ProgramName, words: string): string {
  return [program === 'kpromo' ? 'kpromo cip' : 'cip', words].filter((part) => part !== '').join(' ');
}

/** A command, and the words that it is called by. */
export interface Spelled {
  readonly command: CipCommand;
  readonly spelling: readonly string[];
}

/** The calls of the commands of a program. Every command of `cip` is one of `kpromo cip`. */
export function spellingsOf(program: ProgramName, commands: readonly CipCommand[]): readonly Spelled[] {
  return commands.flatMap((command) => {
    const { words, isOfKpromo } = command;
    const texts = program === 'cip' ? [words] : [...(isOfKpromo ? [words] : []), `cip ${words}`];
    return texts.map((text) => ({ command, spelling: text.split(' ').filter((word) => word !== '') }));
  });
}
