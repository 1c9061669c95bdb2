import { quote } from '../../base/text.ts';
import type { FlagSpec } from '../flags/flag-spec.ts';
import { beforeUnknownFlag, wordsAmong } from '../flags/go-flags.ts';
import { UsageError } from '../flags/usage-error.ts';
import type { CipCommand, ProgramName } from './command.ts';
import { COMMANDS } from './commands.ts';
import { describeAbsent, describeStray, isCommandLike } from './unknown-command.ts';

/** A command and the words that are left for it. */
export interface FoundCommand {
  readonly command: CipCommand;
  readonly operands: readonly string[];
}

/** The command that the most words name. Throws a `UsageError` for words that name none and that it does not take. */
export function findCommand(program: ProgramName, given: readonly string[]): FoundCommand {
  const words = withoutRun(program, given);
  const found = findSpelling(program, words);
  const operands = words.slice(found?.spelling.length ?? 0);
  const [stray] = operands;
  if (found === undefined || (stray !== undefined && !found.command.takesOperands)) {
    throw refuse(program, given, stray ?? '');
  }
  return { command: found.command, operands };
}

/** The words that the command is called by which the most of some words name; undefined where they name none. */
export function wordsOfCommand(
  program: ProgramName,
  words: readonly string[],
): readonly string[] | undefined {
  return findSpelling(program, withoutRun(program, words))?.spelling;
}

/** `cip run …` is `cip …`, whatever follows. */
function withoutRun(program: ProgramName, words: readonly string[]): readonly string[] {
  const at = program === 'kpromo' ? 1 : 0;
  const isRun = words[at] === 'run' && (program === 'cip' || words[0] === 'cip');
  return isRun ? words.toSpliced(at, 1) : words;
}

interface Spelled {
  readonly command: CipCommand;
  readonly spelling: readonly string[];
}

function findSpelling(program: ProgramName, words: readonly string[]): Spelled | undefined {
  const [longest] = spellingsOf(program)
    .filter(({ spelling }) => spelling.every((word, index) => word === words[index]))
    .toSorted((a, b) => b.spelling.length - a.spelling.length);
  return longest;
}

/** Every command of `cip` is one of `kpromo cip`. */
function spellingsOf(program: ProgramName): Spelled[] {
  return COMMANDS.flatMap((command) => {
    const { cip, kpromo } = command.words;
    const texts = program === 'cip' ? cip : [...kpromo, ...cip.map((text) => `cip ${text}`)];
    return texts.map((text) => ({
      command,
      spelling: text.split(' ').filter((word) => word !== ''),
    }));
  });
}

/** A bare call of the program takes no words: what stands there is meant as a command. */
function isRoot(spelled: Spelled | undefined): boolean {
  return spelled === undefined || spelled.command.words.cip.includes('');
}

/**
 * Says of a command line whose flags are not understood that it calls a command which is not there, with flags of its
 * own. Undefined where the flags are to blame.
 */
export function describeUnknownCommand(
  program: ProgramName,
  argv: readonly string[],
  specs: readonly FlagSpec[],
): string | undefined {
  const words = wordsAmong(argv, specs);
  if (!isRoot(findSpelling(program, withoutRun(program, words)))) return describeAbsent(program, words);
  for (const at of words.keys()) {
    // the value of a flag that nobody knows may stand before it
    const absent = describeAbsent(program, words.slice(at));
    if (absent !== undefined) return absent;
  }
  const certain = withoutRun(program, wordsAmong(beforeUnknownFlag(argv, specs), specs));
  const stray = certain[findSpelling(program, certain)?.spelling.length ?? 0];
  return stray !== undefined && isCommandLike(stray) ? describeStray(stray, firstWords(program)) : undefined;
}

function firstWords(program: ProgramName): readonly string[] {
  return spellingsOf(program).flatMap(({ spelling }) => spelling.at(program === 'kpromo' ? 1 : 0) ?? []);
}

function refuse(program: ProgramName, given: readonly string[], stray: string): UsageError {
  const words = withoutRun(program, given);
  const longer = spellingsOf(program).filter(({ spelling }) =>
    words.every((word, index) => word === spelling[index]),
  );
  if (longer.length > 0) {
    return new UsageError(`${quote(words.join(' '))} needs a word more: ${callsOf(program, longer)}`);
  }
  const begun = words.slice(0, (findSpelling(program, words)?.spelling.length ?? 0) + 1);
  const like = spellingsOf(program).filter(({ spelling }) =>
    begun.every((word, index) => word === spelling[index]),
  );
  if (like.length > 0) {
    return new UsageError(`unknown command ${quote(words.join(' '))}: there is ${callsOf(program, like)}`);
  }
  const known = isRoot(findSpelling(program, words)) ? firstWords(program) : undefined;
  return new UsageError(describeAbsent(program, given) ?? describeStray(stray, known));
}

function callsOf(program: ProgramName, spelled: readonly Spelled[]): string {
  return spelled.map(({ spelling }) => [program, ...spelling].join(' ')).join(', ');
}
