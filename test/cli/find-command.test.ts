import { describe, expect, it } from 'vitest';
import { helpHint } from '../../src/cli/help-hint.ts';
import { parseFlags } from '../../src/cli/parse-flags.ts';
import type { ProgramName } from '../../src/cli/command.ts';
import { UsageError } from '../../src/cli/usage-error.ts';

function find(program: ProgramName, ...args: readonly string[]) {
  const { command, operands } = parseFlags(program, args);
  return { words: command.words.cip[0], operands };
}

describe('the command of a command line', () => {
  it.each<[ProgramName, readonly string[], string, readonly string[]]>([
    ['cip', [], '', []],
    ['cip', ['run'], '', []],
    ['cip', ['version'], 'version', []],
    ['cip', ['report', 'merge'], 'report merge', []],
    ['cip', ['report', 'merge', 'a.json', 'merge'], 'report merge', ['a.json', 'merge']],
    ['cip', ['-report=x', 'report', 'merge', '-allow-lost', 'a.json'], 'report merge', ['a.json']],
    ['cip', ['report', 'merge', '--', '-a.json'], 'report merge', ['-a.json']],
    ['cip', ['run', 'verify'], 'verify', []],
    ['cip', ['run', 'report', 'merge', 'run'], 'report merge', ['run']],
    ['kpromo', ['version'], 'version', []],
    ['kpromo', ['cip'], '', []],
    ['kpromo', ['cip', 'version'], 'version', []],
    ['kpromo', ['cip', 'audit'], 'audit', []],
    ['kpromo', ['cip', 'run'], '', []],
    ['kpromo', ['-confirm', 'cip', 'run', 'diff', 'a', 'b'], 'diff', ['a', 'b']],
    ['kpromo', ['cip', 'report', 'merge', 'a'], 'report merge', ['a']],
  ])('%s %j', (program, args, words, operands) => {
    expect(find(program, ...args)).toEqual({ words, operands });
  });

  it.each<[ProgramName, readonly string[], RegExp]>([
    ['cip', ['report'], /^"report" needs a word more: cip report merge$/],
    ['kpromo', ['cip', 'report'], /^"cip report" needs a word more: kpromo cip report merge$/],
    ['cip', ['report', 'split'], /unexpected argument "report"/],
    ['cip', ['run', 'x'], /unexpected argument "x"/],
    ['kpromo', ['report', 'merge'], /unexpected argument "report"/],
    ['cip', ['run', 'run'], /unexpected argument "run"/],
    ['kpromo', ['cip', 'cip'], /unexpected argument "cip"/],
    ['kpromo', ['run'], /unexpected argument "run"/],
    [
      'cip',
      ['report', 'merge', '-confirm', '-threads=3', 'a.json'],
      /cip report merge does not take -confirm, -threads: its flags are -report, /,
    ],
  ])('%s %j is refused', (program, args, words) => {
    expect(() => find(program, ...args)).toThrow(UsageError);
    expect(() => find(program, ...args)).toThrow(words);
  });
});

describe('where the flags are listed is told', () => {
  it.each<[ProgramName, readonly string[], string]>([
    ['cip', [], 'cip'],
    ['cip', ['-confrim'], 'cip'],
    ['cip', ['report'], 'cip'],
    ['cip', ['nothing'], 'cip'],
    ['cip', ['run', '-x'], 'cip'],
    ['cip', ['report', 'merge'], 'cip report merge'],
    ['cip', ['-report', 'x', 'report', 'merge', '-dry-run=maybe', 'a.json'], 'cip report merge'],
    ['cip', ['-manifest', 'verify', '-x'], 'cip'],
    ['cip', ['-x', 'verify', '-deep', 'x'], 'cip verify'],
    ['cip', ['diff', 'a'], 'cip diff'],
    ['kpromo', [], 'kpromo'],
    ['kpromo', ['cip', 'a'], 'kpromo cip'],
    ['kpromo', ['cip', 'report', 'merge'], 'kpromo cip report merge'],
    ['kpromo', ['report', 'merge'], 'kpromo'],
  ])('for %s %j: %s -help', (program, argv, call) => {
    expect(helpHint(program, argv)).toBe(`${call} -help lists the flags`);
  });
});
