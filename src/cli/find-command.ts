import { quote } from '../base/text.ts';
import type { CipCommand, ProgramName } from './command.ts';
import { COMMANDS } from './commands.ts';
import { UsageError } from './usage-error.ts';

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
    throw refuse(program, words, stray ?? '');
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

function refuse(program: ProgramName, words: readonly string[], stray: string): UsageError {
  const longer = spellingsOf(program).filter(({ spelling }) =>
    words.every((word, index) => word === spelling[index]),
  );
  if (longer.length > 0) {
    const calls = longer.map(({ spelling }) => [program, ...spelling].join(' '));
    return new UsageError(`${quote(words.join(' '))} needs a word more: ${calls.join(', ')}`);
  }
  const hint = /^(?:true|false)$/i.test(stray) ? `: a boolean is written -flag=${stray}` : '';
  return new UsageError(`unexpected argument ${quote(stray)}${hint}`);
}
