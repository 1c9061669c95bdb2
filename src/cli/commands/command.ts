import type { Stdio } from '../output/stdio.ts';

export type ProgramName = 'cip' | 'kpromo';

/** What a command line asks for, before it is known whether it makes sense. */
export interface ParsedFlags {
  /** Values as text, in the order given; of a flag that is not repeatable the last one counts, as in Go. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** What stands behind the words of the command. */
  readonly operands: readonly string[];
}

/** What a command is called with. */
export interface CommandCall extends ParsedFlags {
  readonly stdio: Stdio;
  readonly env: NodeJS.ProcessEnv;
  readonly program: ProgramName;
}

/** One command: the entry that parsing, help and dispatch are made from. */
export interface CipCommand {
  /**
   * What follows the program's name: words with a space between, or '' for nothing. `kpromo` is called with what `cip`
   * is called with behind the word `cip` too, which is not said again.
   */
  readonly words: Readonly<Record<ProgramName, readonly string[]>>;
  /** The flags that it takes; without them all. `-help` and `-version` go with every command. */
  readonly flags?: readonly string[];
  /** Whether words may follow that are no flags. */
  readonly takesOperands?: true;
  /** Runs it and resolves to the exit code. Its module is loaded here. */
  readonly run: (call: CommandCall) => Promise<number>;
  readonly help: (program: ProgramName, flags: 'common' | 'all') => Promise<string>;
}
