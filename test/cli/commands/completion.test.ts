// Covers src/cli/completion/bash.ts
// Covers src/cli/completion/fish.ts
// Covers src/cli/completion/nodes.ts
// Covers src/cli/completion/render-completion.ts
// Covers src/cli/completion/zsh.ts

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ProgramName } from '../../../src/cli/commands/command.ts';
import { COMMANDS } from '../../../src/cli/commands/commands.ts';
import { RENDER_COMPLETION, type ShellName } from '../../../src/cli/completion/render-completion.ts';
import { parseCommandLine } from '../../../src/cli/flags/parse-command-line.ts';
import { temporaryDirectory } from '../../doubles/run-cip.ts';

/** A directory with a script, a manifest and a directory of manifests. */
function workspace(program: ProgramName, shell: ShellName): string {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'thin'));
  writeFileSync(join(directory, 'thick.yaml'), '');
  writeFileSync(join(directory, `script.${shell}`), RENDER_COMPLETION[shell](program, COMMANDS));
  return directory;
}

const BASH = `source script.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _$1 2>&1; printf '%s\\n' "\${COMPREPLY[@]}"`;

function completeInBash(...words: readonly string[]): readonly string[] {
  const program = words[0] === 'kpromo' ? 'kpromo' : 'cip';
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', BASH, 'bash', ...words], {
    cwd: workspace(program, 'bash'),
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.includes('compopt'))
    .toSorted();
}

describe('bash completes', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['commands', ['cip', 'ver'], ['verify', 'version']],
    ['the second word of a command', ['cip', 'report', ''], ['merge']],
    ['commands of kpromo', ['kpromo', 'cip', 'veri'], ['verify']],
    ['flags', ['cip', '-log-'], ['-log-format', '-log-level']],
    ['flags with two dashes', ['cip', '--log-l'], ['--log-level']],
    ['flags of the command', ['cip', 'verify', '-de'], ['-deadline', '-deep']],
    ['no flags of other commands', ['cip', 'version', '-de'], []],
    ['flags behind those with values', ['cip', '-report', 'show', 'verify', '-vi'], ['-via']],
    ['flags behind split values', ['cip', '-report', '=', 'show', 'verify', '-vi'], ['-via']],
    ['values', ['cip', '-log-level', 'd'], ['debug']],
    ['values behind =', ['cip', '-log-level', '=', 'd'], ['debug']],
    ['values in one word', ['cip', '-log-level=d'], ['-log-level=debug']],
    ['values of the command', ['cip', 'diff', '-output', '='], ['html', 'json', 'markdown', 'text']],
    ['booleans', ['cip', '-confirm', '=', ''], ['false', 'true']],
    ['files', ['cip', '-manifest', 'thi'], ['thick.yaml', 'thin']],
    ['directories', ['cip', '-thin-manifest-dir', '=', 'thi'], ['thin']],
    ['operands', ['cip', 'show', 'thic'], ['thick.yaml']],
    ['shells', ['cip', 'completion', ''], ['bash', 'fish', 'zsh']],
    ['no images', ['cip', '-snapshot', 'thi'], []],
  ])('%s: %j', (_, words, expected) => expect(completeInBash(...words)).toEqual(expected));
});

/** Whether a shell is installed; says so where it is not. */
function has(shell: ShellName): boolean {
  const found = spawnSync(shell, ['-c', 'true']).status === 0;
  if (!found) console.warn(`skipped: ${shell} is not installed, so its completion script is not run`);
  return found;
}

it.skipIf(!has('fish'))('fish completes commands, flags and values', () => {
  const cwd = workspace('cip', 'fish');
  const complete = (line: string) =>
    spawnSync('fish', ['--no-config', '-c', `source script.fish; complete -C '${line}'`], {
      cwd,
      encoding: 'utf8',
    })
      .stdout.split('\n')
      .map((found) => found.split('\t')[0])
      .filter(Boolean);
  expect(complete('cip ver')).toEqual(['verify', 'version']);
  expect(complete('cip -report show verify -vi')).toEqual(['-via']);
  expect(complete('cip -log-level d')).toEqual(['debug']);
  expect(complete('cip -snapshot thi')).toEqual([]);
});

it.skipIf(!has('zsh'))('zsh parses its script', () => {
  const cwd = workspace('cip', 'zsh');
  const { status, stderr } = spawnSync('zsh', ['-f', '-n', 'script.zsh'], { cwd, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

it.each<ShellName>(['bash', 'zsh', 'fish'])(
  'the script of %s has every command and no flag of the past',
  (shell) => {
    const script = RENDER_COMPLETION[shell]('cip', COMMANDS);
    for (const word of ['init', 'verify', 'merge', 'completion'])
      expect(script).toMatch(new RegExp(`\\b${word}\\b`));
    expect(script).not.toMatch(/garbage-collect|alsologtostderr|require-provenance/);
  },
);

it('another shell is refused', () => {
  const line = parseCommandLine('cip', ['completion', 'tcsh']);
  expect(() => line.command.check({ ...line, program: 'cip', env: {} })).toThrow(
    'completion is for bash, zsh or fish, not "tcsh"',
  );
});
