import { nearest, quote } from '../../base/text.ts';
import { type CipCommand, type ProgramName, type Spelled, spellingsOf } from '../commands/command.ts';
import type { CommandTable } from '../commands/commands.ts';
import { isInHelp } from './flag.ts';
import { beforeUnknownFlag, wordsAmong } from './go-flags.ts';
import { UsageError } from './usage-error.ts';

/** A program with its commands. */
export interface Program {
  readonly name: ProgramName;
  readonly table: CommandTable;
  /** What a path of the disk leads to: an operand that is one may be the value of a flag. */
  readonly kindOf: (path: string) => 'file' | 'directory' | undefined;
}

/** A command, the words that it is called by, and how many there are. */
export interface FoundCommand extends Spelled {
  /** Number of the words that name it: `run` is one that the spelling does not have. */
  readonly length: number;
}

/** The command that the most words name; without such a word, the program itself. */
export function findCommand(
  program: Pick<Program, 'name' | 'table'>,
  words: readonly string[],
): FoundCommand {
  const own = withoutRun(program, words);
  const [longest] = spellingsOf(program.name, program.table.commands)
    .filter(({ spelling }) => startsWith(own, spelling))
    .toSorted((a, b) => b.spelling.length - a.spelling.length);
  if (longest === undefined) throw new Error(`${program.name} has no command without words`);
  return { ...longest, length: longest.spelling.length + words.length - own.length };
}

/** The command whose help words ask for: `report` is enough for `report merge`, if no other command begins so. */
export function findForHelp(program: Program, words: readonly string[]): FoundCommand {
  const found = findCommand(program, words);
  const own = withoutRun(program, words);
  const [only, ...others] =
    own.length > found.spelling.length
      ? spellingsOf(program.name, program.table.commands).filter(({ spelling }) => startsWith(spelling, own))
      : [];
  return only === undefined || others.length > 0 ? found : { ...only, length: words.length };
}

/** `cip run …` is `cip …`, whatever follows. */
function withoutRun(program: Pick<Program, 'name'>, words: readonly string[]): readonly string[] {
  const at = program.name === 'kpromo' ? 1 : 0;
  const isRun = words[at] === 'run' && (program.name === 'cip' || words[0] === 'cip');
  return isRun ? words.toSpliced(at, 1) : words;
}

function startsWith(words: readonly string[], beginning: readonly string[]): boolean {
  return beginning.every((word, index) => word === words[index]);
}

/**
 * Says of a command line whose flags are not understood that it calls a command that does not exist, with flags of its
 * own. Undefined where the flags are to blame.
 */
export function describeUnknownCommand(program: Program, argv: readonly string[]): string | undefined {
  const words = wordsAmong(argv, program.table.flags);
  if (findCommand(program, words).command.words !== '') return undefined;
  for (const at of words.keys()) {
    // the value of an unknown flag may stand before it
    const absent = describeAbsent(program, words.slice(at));
    if (absent !== undefined) return absent;
  }
  const certain = wordsAmong(beforeUnknownFlag(argv, program.table.flags), program.table.flags);
  const stray = certain[findCommand(program, certain).length];
  return stray !== undefined && isCommandLike(stray)
    ? describeStray(stray, program, findCommand(program, []).command)
    : undefined;
}

/** The refusal of words that name no command, or are more than a command takes. */
export function refuseWords(program: Program, given: readonly string[]): UsageError {
  const words = withoutRun(program, given);
  const { command, spelling } = findCommand(program, given);
  const longer = spellingsOf(program.name, program.table.commands).filter((other) =>
    startsWith(other.spelling, words),
  );
  if (longer.length > 0) {
    return new UsageError(`${quote(words.join(' '))} needs a word more: ${callsOf(program, longer)}`);
  }
  const begun = words.slice(0, spelling.length + 1);
  const like = spellingsOf(program.name, program.table.commands).filter((other) =>
    startsWith(other.spelling, begun),
  );
  if (like.length > 0) {
    return new UsageError(`unknown command ${quote(words.join(' '))}: there is ${callsOf(program, like)}`);
  }
  const stray = words[spelling.length] ?? '';
  return new UsageError(describeAbsent(program, given) ?? describeStray(stray, program, command));
}

const NO_FILES = 'only images are promoted';

/** Commands of kpromo that promote files or are about releases on GitHub, and words for what a flag does. */
const FOREIGN: readonly (readonly [words: string, advice: string])[] = [
  ['run files', NO_FILES],
  ['manifest files', NO_FILES],
  ['manifest validate', NO_FILES],
  ['gh', NO_FILES],
  ['snapshot', 'use -snapshot=REG'],
];

/** Says that words begin with a command that exists elsewhere only, and what to do; else undefined. */
function describeAbsent(program: Program, words: readonly string[]): string | undefined {
  const own = program.name === 'kpromo' && words[0] === 'cip' ? words.slice(1) : words;
  const spellings = [own, own[0] === 'run' ? own.slice(1) : own];
  const isCalled = (name: string) => spellings.some((spelling) => startsWith(spelling, name.split(' ')));
  const foreign = FOREIGN.find(([name]) => isCalled(name));
  return foreign && `unknown command ${quote(foreign[0])}: ${foreign[1]}`;
}

/** The refusal of one word behind a command, with the command or the flag that it may stand for. */
function describeStray(word: string, program: Program, command: CipCommand): string {
  const unexpected = `unexpected argument ${quote(word)}`;
  if (/^(?:true|false)$/i.test(word)) return `${unexpected}: a boolean is written -flag=${word}`;
  const place = placeFor(word, program, command);
  if (place !== undefined) return `${unexpected}: did you mean ${place}?`;
  if (!isCommandLike(word)) return unexpected;
  const isCommand = command.words === '';
  const near = isCommand ? nearest(word, firstWords(program)) : undefined;
  const flag = nearest(
    word,
    command.flags.filter(isInHelp).map(({ name }) => name),
  );
  const meant = near === undefined ? flag && `-${flag}` : quote(`${prefixOf(program)}${near}`);
  const advice = meant === undefined ? [] : [`did you mean ${meant}?`];
  const hint = [...(isCommand ? ['unknown command'] : []), ...advice].join(', ');
  return hint === '' ? unexpected : `${unexpected}: ${hint}`;
}

/** The flag that reads the manifests at a path. */
function placeFor(path: string, { kindOf }: Program, { flags }: CipCommand): string | undefined {
  const kind = kindOf(path);
  if (kind === undefined) return undefined;
  const location = kind === 'file' ? 'manifest' : 'thin-manifest-dir';
  return flags.some(({ name }) => name === location) ? `-${location}=${path}` : undefined;
}

/** Neither a path, nor the name of a file or registry. */
function isCommandLike(word: string): boolean {
  return /^[a-z][a-z-]*$/.test(word);
}

/** The words of the commands, behind `cip` or `kpromo cip`. */
function firstWords({ table }: Program): readonly string[] {
  return spellingsOf('cip', table.commands).flatMap(({ spelling }) => spelling.slice(0, 1));
}

/** The word between `kpromo` and any command of `cip`. */
function prefixOf({ name }: Program): string {
  return name === 'kpromo' ? 'cip ' : '';
}

function callsOf(program: Program, spelled: readonly Spelled[]): string {
  return spelled.map(({ spelling }) => [program.name, ...spelling].join(' ')).join(', ');
}
