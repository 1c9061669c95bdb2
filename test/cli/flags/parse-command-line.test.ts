// Covers src/cli/commands/commands.ts
// Covers src/cli/flags/find-command.ts
// Covers src/cli/flags/flag.ts
// Covers src/cli/flags/flag-values.ts
// Covers src/cli/flags/go-flags.ts

import { describe, expect, it } from 'vitest';
import { defineCommand, type ProgramName } from '../../../src/cli/commands/command.ts';
import { COMMANDS, makeTable } from '../../../src/cli/commands/commands.ts';
import { type Flag, flagsOf, isInHelp } from '../../../src/cli/flags/flag.ts';
import { REPORT_FILE_FLAGS } from '../../../src/cli/flags/flags.ts';
import { renderHelp } from '../../../src/cli/flags/help.ts';
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
    ['kpromo', ['audit'], 'audit', []],
    ['kpromo', ['audit', 'serve'], 'audit serve', []],
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
    ['kpromo', ['verify'], /^unexpected argument "verify": unknown command, did you mean "cip verify"\?$/],
    ['kpromo', ['cip', 'verfy'], /: unknown command, did you mean "cip verify"\?$/],
    ['cip', ['verfy'], /^unexpected argument "verfy": unknown command, did you mean "verify"\?$/],
    ['cip', ['verify', 'x'], /^unexpected argument "x"$/],
    ['cip', ['verify', 'add'], /^unexpected argument "add"$/],
    ['cip', ['manifest.yaml'], /^unexpected argument "manifest.yaml"$/],
    [
      'cip',
      ['report', 'merge', '-confirm', '-threads=3', 'a.json'],
      /^cip report merge does not take -confirm, -threads; cip, cip copy, cip verify, cip sigcheck, cip apply do$/,
    ],
  ])('%s %j is refused', (program, args, words) => {
    expect(() => find(program, ...args)).toThrow(UsageError);
    expect(() => find(program, ...args)).toThrow(words);
  });
});

describe('an argument that is no command', () => {
  const kinds = new Map([
    ['plain.yaml', 'file'],
    ['dd', 'directory'],
  ] as const);
  const kindOf = (path: string) => Array.from(kinds).find(([name]) => name === path)?.[1];

  it.each<[readonly string[], string]>([
    [['plain.yaml'], 'unexpected argument "plain.yaml": did you mean -manifest=plain.yaml?'],
    [['verify', 'plain.yaml'], 'unexpected argument "plain.yaml": did you mean -manifest=plain.yaml?'],
    [['dd'], 'unexpected argument "dd": did you mean -thin-manifest-dir=dd?'],
    [['none.yaml'], 'unexpected argument "none.yaml"'],
    [['version', 'plain.yaml'], 'unexpected argument "plain.yaml"'],
    [['verfy'], 'unexpected argument "verfy": unknown command, did you mean "verify"?'],
    [['confirm'], 'unexpected argument "confirm": unknown command, did you mean -confirm?'],
    [['verify', 'deep'], 'unexpected argument "deep": did you mean -deep?'],
    [['-q'], 'unknown flag "-q"'],
  ])('%j', (argv, message) => {
    expect(() => parseCommandLine('cip', argv, { kindOf })).toThrow(new UsageError(message));
  });
});

describe('the value behind a flag', () => {
  it.each<[readonly string[], string]>([
    [['-report', '-confirm'], '-report needs a value, got -confirm: -report=FILE'],
    [['--report', '--confirm'], '-report needs a value, got --confirm: -report=FILE'],
    [['-manifest', '--'], '-manifest needs a value, got --: -manifest=FILE'],
    [['verify', '-via', '-deep'], '-via needs a value, got -deep: -via=HOST[=ROOT]'],
    [['-report'], '-report needs a value: -report=FILE'],
  ])('is no flag: %j', (argv, message) => {
    expect(() => parseCommandLine('cip', argv)).toThrow(new UsageError(message));
  });

  it.each<[readonly string[], string, string]>([
    [['-report=-'], 'report', '-'],
    [['-report', '-'], 'report', '-'],
    [['-report=-confirm'], 'report', '-confirm'],
    [['-threads', '-1'], 'threads', '-1'],
    [['-report', ''], 'report', ''],
  ])('may be all else: %j', (argv, name, value) => {
    expect(parseCommandLine('cip', argv).flags.text(name)).toBe(value);
  });
});

it('-help-all has each flag of a command', () => {
  for (const command of COMMANDS) {
    const help = renderHelp(command, { program: 'cip', isAll: true });
    for (const { name } of command.flags.filter(isInHelp)) expect(help).toContain(`\n  -${name} `);
  }
});

it.each(['-help', '-help-all'])('%s of the first word of one command is of that command', (help) => {
  expect(find('cip', 'report', help)).toEqual({ words: 'report merge', operands: [] });
  expect(find('kpromo', 'cip', 'report', help).words).toBe('report merge');
  expect(find('cip', 'version', help).words).toBe('version');
  expect(() => find('cip', 'reprt', help)).toThrow(UsageError);
});

describe('a command that is not there is named, whatever its flags', () => {
  it.each<[ProgramName, readonly string[], RegExp]>([
    ['cip', ['snapshot', 'gcr.io/x'], /^unknown command "snapshot": use -snapshot=REG$/],
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

describe('a command with an operand and a flag of its own', () => {
  const help = { about: 'is of this test.', examples: [], exit: '0.' };
  const command = (words: string, flags: readonly Flag[]) =>
    defineCommand({ words, operands: '<file>', flags, help, parse: (given) => given, run: async () => 0 });
  const depth = flagsOf('General', [{ name: 'depth', value: 'N', description: 'levels' }]);
  const table = makeTable([
    ...COMMANDS.filter(({ words }) => words !== 'show' && words !== 'apply'),
    command('show', [...REPORT_FILE_FLAGS, ...depth]),
    command('apply', depth),
  ]);

  it.each<[readonly string[], string, readonly string[]]>([
    [['show', 'plan.json'], 'show', ['plan.json']],
    [['apply', 'plan.json', '-depth', '3'], 'apply', ['plan.json']],
    [['-depth', 'show', 'apply', 'plan.json'], 'apply', ['plan.json']],
    [['show', '--', '-plan'], 'show', ['-plan']],
  ])('%j', (argv, words, operands) => {
    const line = parseCommandLine('cip', argv, { table });
    expect({ words: line.command.words, operands: line.operands }).toEqual({ words, operands });
  });

  it.each<[readonly string[], string]>([
    [['show'], 'wrong number of arguments: expected cip show FILE'],
    [['show', 'a', 'b'], 'wrong number of arguments: expected cip show FILE'],
    [
      ['apply', 'a', '-report=x'],
      'cip apply does not take -report; cip, cip copy, cip verify, cip audit, cip sigcheck, cip report merge, cip audit serve, cip show do',
    ],
    [['verify', '-depth=1'], 'cip verify is read-only; -depth is not allowed'],
    [['diff', 'a', 'b', '-depth=1'], 'cip diff does not take -depth; cip show, cip apply do'],
    [['diff', 'a', 'b', '-depth=1', '-report=x'], 'cip diff does not take -report, -depth; cip show does'],
    [['shoow', 'a'], 'unexpected argument "shoow": unknown command, did you mean "show"?'],
    [['show', 'a', '-dept=1'], 'unknown flag "-dept": did you mean -depth?'],
  ])('%j is refused: %s', (argv, message) => {
    expect(() => parseCommandLine('cip', argv, { table })).toThrow(new UsageError(message));
  });

  it('has a help of its own, which needs no operand', () => {
    const line = parseCommandLine('cip', ['show', '-help'], { table });
    expect(line.command.words).toBe('show');
    expect(renderHelp(line.command, { program: 'cip', isAll: false })).toMatch(
      /^cip show is of this test\.\n[\s\S]*-depth N +levels\n/,
    );
  });
});

it.each(COMMANDS)('-help-all of cip $words has every flag, whatever its title', (command) => {
  const help = renderHelp(command, { program: 'cip', isAll: true });
  const missing = command.flags.filter((flag) => isInHelp(flag) && !help.includes(`\n  -${flag.name} `));
  expect(missing).toEqual([]);
});
