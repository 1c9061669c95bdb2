// Covers src/cli/flags/find-command.ts
// Covers src/cli/flags/flag.ts
// Covers src/cli/flags/flag-values.ts
// Covers src/cli/flags/go-flags.ts

import { describe, expect, it } from 'vitest';
import type { ProgramName } from '../../../src/cli/commands/command.ts';
import { helpHint, parseCommandLine } from '../../../src/cli/flags/parse-command-line.ts';
import { UsageError } from '../../../src/cli/flags/usage-error.ts';

function find(program: ProgramName, ...args: readonly string[]) {
  const { command, operands } = parseCommandLine(program, args);
  return { words: command.words, operands };
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
    ['kpromo', ['cip', 'run'], '', []],
    ['kpromo', ['-threads=3', 'cip', 'run', 'diff', 'a', 'b'], 'diff', ['a', 'b']],
    ['kpromo', ['cip', 'report', 'merge', 'a'], 'report merge', ['a']],
  ])('%s %j', (program, args, words, operands) => {
    expect(find(program, ...args)).toEqual({ words, operands });
  });

  it.each<[ProgramName, readonly string[], RegExp]>([
    ['cip', ['report'], /^"report" needs a word more: cip report merge$/],
    ['kpromo', ['cip', 'report'], /^"cip report" needs a word more: kpromo cip report merge$/],
    ['cip', ['report', 'split'], /^unknown command "report split": there is cip report merge$/],
    [
      'kpromo',
      ['cip', 'report', 'merg'],
      /^unknown command "cip report merg": there is kpromo cip report merge$/,
    ],
    ['cip', ['run', 'x'], /unexpected argument "x"/],
    ['kpromo', ['report', 'merge'], /unexpected argument "report"/],
    ['cip', ['run', 'run'], /unexpected argument "run"/],
    ['kpromo', ['cip', 'cip'], /unexpected argument "cip"/],
    ['kpromo', ['run'], /unexpected argument "run"/],
    ['cip', ['verfy'], /^unexpected argument "verfy": unknown command, did you mean "verify"\?$/],
    ['cip', ['verify', 'x'], /^unexpected argument "x"$/],
    ['cip', ['verify', 'add'], /^unexpected argument "add"$/],
    ['cip', ['manifest.yaml'], /^unexpected argument "manifest.yaml"$/],
    [
      'cip',
      ['report', 'merge', '-confirm', '-threads=3', 'a.json'],
      /^cip report merge does not take -confirm, -threads; cip, cip verify do$/,
    ],
  ])('%s %j is refused', (program, args, words) => {
    expect(() => find(program, ...args)).toThrow(UsageError);
    expect(() => find(program, ...args)).toThrow(words);
  });
});

describe('a command that is not there is named, whatever its flags', () => {
  it.each<[ProgramName, readonly string[], RegExp]>([
    ...['show', 'apply', 'init', 'add', 'copy', 'mm', 'fmt', 'lint', 'merge-driver', 'pr', 'sigcheck'].map(
      (name): [ProgramName, readonly string[], RegExp] => [
        'cip',
        [name],
        new RegExp(`^not built yet: ${name}$`),
      ],
    ),
    ['cip', ['snapshot', 'gcr.io/x'], /^not built yet: snapshot: use -snapshot=REGISTRY$/],
    ['cip', ['completion', 'bash'], /^not built yet: completion$/],
    ['cip', ['audit', 'serve'], /^not built yet: audit serve$/],
    ['cip', ['audit', 'serve', '--path=d'], /^not built yet: audit serve$/],
    ['cip', ['audit'], /^not built yet: audit$/],
    ['kpromo', ['cip', 'audit'], /^not built yet: audit$/],
    ['cip', ['audit', '--no-auth'], /^not built yet: audit$/],
    ['kpromo', ['cip', 'audit', '--no-auth'], /^not built yet: audit$/],
    ['cip', ['sigcheck', '--from-days=7'], /^not built yet: sigcheck$/],
    ['kpromo', ['--from-days=7', 'sigcheck'], /^not built yet: sigcheck$/],
    ['kpromo', ['--from-days', '7', 'sigcheck', '--confirm'], /^not built yet: sigcheck$/],
    ['kpromo', ['sigcheck', '--confirm'], /^not built yet: sigcheck$/],
    ['kpromo', ['sigcheck', '--confirm=perhaps'], /^not built yet: sigcheck$/],
    ['kpromo', ['pr', '--fork=me', '--project', 'x'], /^not built yet: pr$/],
    ['kpromo', ['mm', '--base_dir=d'], /^not built yet: mm$/],
    ['cip', ['run', 'sigcheck'], /^not built yet: sigcheck$/],
    ['cip', ['run', 'files', '--filestores=x'], /^unknown command "run files": only images/],
    ['kpromo', ['run', 'files', '--confirm'], /^unknown command "run files": only images/],
    ['kpromo', ['manifest', 'files', '--src=x'], /^unknown command "manifest files": only images/],
    ['kpromo', ['manifest', 'validate'], /^unknown command "manifest validate": only images/],
    ['kpromo', ['gh', '--repo=a/b', '--tag=v1'], /^unknown command "gh": only images/],
    ['kpromo', ['replicate-signatures', '--x'], /"replicate-signatures": unknown command$/],
    ['cip', ['promote', '--image=x'], /^unexpected argument "promote": unknown command$/],
    ['cip', ['-manifest', 'm', 'promote', '--image=x'], /^unexpected argument "promote": unknown command$/],
    ['kpromo', ['cip', 'promote', '--image=x'], /^unexpected argument "promote": unknown command$/],
  ])('%s %j', (program, args, words) => {
    expect(() => find(program, ...args)).toThrow(UsageError);
    expect(() => find(program, ...args)).toThrow(words);
  });

  it.each<[ProgramName, readonly string[], RegExp]>([
    ['cip', ['--iamge', 'value', '-confirm'], /^unknown flag "-iamge"/],
    ['cip', ['verify', '--iamge=copy'], /^unknown flag "-iamge"/],
    ['cip', ['diff', 'copy', 'add', '--iamge'], /^unknown flag "-iamge"/],
    ['cip', ['-manifest', 'add', '--iamge'], /^unknown flag "-iamge"/],
    ['cip', ['run', '--iamge'], /^unknown flag "-iamge"/],
    ['kpromo', ['cip', '--iamge'], /^unknown flag "-iamge"/],
  ])('and no flag, value or operand is taken for one: %s %j', (program, args, words) => {
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
  ])('for %s %j: %s -help-all', (program, argv, call) => {
    expect(helpHint(program, argv)).toBe(`${call} -help-all lists the flags`);
  });
});
