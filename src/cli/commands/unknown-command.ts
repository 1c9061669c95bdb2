import { nearest, quote } from '../../base/text.ts';
import type { ProgramName } from './command.ts';

const PLANNED = [
  'snapshot',
  'show',
  'apply',
  'init',
  'add',
  'copy',
  'mm',
  'fmt',
  'lint',
  'merge-driver',
  'pr',
  'audit serve',
  'audit',
  'sigcheck',
  'completion',
];

/** Commands of kpromo that promote files, or are about releases on GitHub. */
const NOT_OF_IMAGES = ['run files', 'manifest files', 'manifest validate', 'gh'];

/** Says that words begin with a command that is not here, but planned or known from kpromo; else undefined. */
export function describeAbsent(program: ProgramName, words: readonly string[]): string | undefined {
  const own = program === 'kpromo' && words[0] === 'cip' ? words.slice(1) : words;
  const spellings = [own, own[0] === 'run' ? own.slice(1) : own].map((some) => `${some.join(' ')} `);
  const isCalled = (name: string) => spellings.some((spelling) => spelling.startsWith(`${name} `));
  const foreign = NOT_OF_IMAGES.find(isCalled);
  if (foreign !== undefined) return `unknown command ${quote(foreign)}: only images are promoted`;
  const planned = PLANNED.find(isCalled);
  if (planned === undefined) return undefined;
  return `not built yet: ${planned}${planned === 'snapshot' ? ': use -snapshot=REGISTRY' : ''}`;
}

/** Says that a word does not belong there; `known` are the commands, where one could stand. */
export function describeStray(word: string, known: readonly string[] | undefined): string {
  const unexpected = `unexpected argument ${quote(word)}`;
  if (/^(?:true|false)$/i.test(word)) return `${unexpected}: a boolean is written -flag=${word}`;
  if (known === undefined || !isCommandLike(word)) return unexpected;
  const meant = nearest(word, known);
  return `${unexpected}: unknown command${meant === undefined ? '' : `, did you mean ${quote(meant)}?`}`;
}

/** Neither a path, nor a name of a file or registry. */
export function isCommandLike(word: string): boolean {
  return /^[a-z][a-z-]*$/.test(word);
}
