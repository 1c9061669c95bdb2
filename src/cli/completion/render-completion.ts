import type { CipCommand, ProgramName } from '../commands/command.ts';
import { renderBash } from './bash.ts';
import { renderFish } from './fish.ts';
import { renderZsh } from './zsh.ts';

export type ShellName = 'bash' | 'zsh' | 'fish';

const RENDERERS: Readonly<Record<ShellName, typeof renderBash>> = {
  bash: renderBash,
  zsh: renderZsh,
  fish: renderFish,
};

/** A script that a shell loads to complete the command lines of a program. */
export function renderCompletion(
  shell: ShellName,
  program: ProgramName,
  commands: readonly CipCommand[],
): string {
  return RENDERERS[shell](program, commands);
}
