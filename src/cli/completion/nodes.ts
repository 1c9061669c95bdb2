import type { Flag } from '../flags/flag.ts';
import { type CipCommand, type ProgramName, type Spelled, spellingsOf } from '../commands/command.ts';
import { isInHelp } from '../flags/flag.ts';

/** What a shell offers for a word: some words, the names of files or directories, or nothing. */
export type Offer = readonly string[] | 'files' | 'directories' | undefined;

/** A place in the tree of commands: behind `report`, `merge` may follow. */
export interface CompletionNode {
  /** The words so far, with spaces between them. */
  readonly path: string;
  /** The words that may follow. */
  readonly next: readonly string[];
  /** The flags of the command; none where a word is missing. */
  readonly flags: readonly Flag[];
  readonly operands: Offer;
}

/** The tree of the commands of a program, as a list. */
export function completionNodes(
  program: ProgramName,
  commands: readonly CipCommand[],
): readonly CompletionNode[] {
  const spelled = spellingsOf(program, commands);
  const paths = new Set(
    spelled.flatMap(({ spelling }) =>
      [...spelling, ''].map((_, length) => spelling.slice(0, length).join(' ')),
    ),
  );
  return Array.from(paths, (path) => nodeAt(path, spelled));
}

function nodeAt(path: string, spelled: readonly Spelled[]): CompletionNode {
  const words = path.split(' ').filter((word) => word !== '');
  const longer = spelled.filter(
    ({ spelling }) => spelling.length > words.length && words.every((word, at) => word === spelling[at]),
  );
  const command = spelled.find(({ spelling }) => spelling.join(' ') === path)?.command;
  return {
    path,
    next: Array.from(new Set(longer.map(({ spelling }) => spelling[words.length] ?? ''))),
    flags: command?.flags.filter(isInHelp) ?? [],
    operands: command?.completion,
  };
}

/** What is offered for the value of a flag. */
export function valuesOf({ value, values, words }: Flag): Offer {
  if (value === undefined) return ['true', 'false', ...(words ?? [])];
  if (values !== undefined) return values;
  if (value === 'FILE' || value === 'CSV') return 'files';
  return value === 'DIR' ? 'directories' : undefined;
}

/** The flags of all commands that take a value: one may stand before the words of its command. */
export function valuedFlags(commands: readonly CipCommand[]): readonly string[] {
  const valued = commands.flatMap(({ flags }) => flags.filter(({ value }) => value !== undefined));
  return Array.from(new Set(valued.map(({ name }) => `-${name}`)));
}

/** An offer as one word of a script. */
export function spellOffer(offer: Offer): string {
  if (offer === undefined) return '';
  return typeof offer === 'string' ? `@${offer}` : offer.join(' ');
}
