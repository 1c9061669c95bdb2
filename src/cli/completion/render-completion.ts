import type { CipCommand, ProgramName } from '../commands/command.ts';
import { renderBash } from './bash.ts';
import { renderFish } from './fish.ts';
import { renderZsh } from './zsh.ts';

export type ShellName = 'bash' | 'zsh' | 'fish';

/** Makes the script that completes the command lines of a program. */
export type RenderCompletion = (program: ProgramName, commands: readonly CipCommand[]) => string;

export const RENDER_COMPLETION: Readonly<Record<ShellName, RenderCompletion>> = {
  bash: renderBash,
  zsh: renderZsh,
  fish: renderFish,
};
