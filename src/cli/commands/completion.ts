import { quote } from '../../base/text.ts';
import type { ShellName } from '../completion/render-completion.ts';
import { LOG_FLAGS } from '../flags/flags.ts';
import { UsageError } from '../flags/usage-error.ts';
import { writeTo } from '../output/stdio.ts';
import { type CipCommand, defineCommand, type Given, type ProgramName } from './command.ts';

interface CompletionRequest {
  readonly shell: ShellName;
  readonly program: ProgramName;
}

const SHELLS: readonly ShellName[] = ['bash', 'zsh', 'fish'];

/** `cip completion`, for the commands of the table that it is in itself. */
export function completionOf(commands: () => readonly CipCommand[]): CipCommand {
  return defineCommand<CompletionRequest>({
    words: 'completion',
    isOfKpromo: true,
    operands: '<shell>',
    completion: SHELLS,
    flags: LOG_FLAGS,
    help: {
      about: 'prints a script that completes commands, flags and their values.',
      examples: [
        ['bash', 'for ~/.bashrc: source <(cip completion bash)'],
        ['zsh', 'for a file _cip in $fpath'],
        ['fish', 'for ~/.config/fish/completions/cip.fish'],
      ],
      exit: '0; 2 unknown shell.',
    },
    parse: makeRequest,
    run: async ({ shell, program }, { stdio }) => {
      // no other command needs the scripts, so their start does not load them
      const { RENDER_COMPLETION } = await import('../completion/render-completion.ts');
      await writeTo(stdio.out, RENDER_COMPLETION[shell](program, commands()));
      return 0;
    },
  });
}

function makeRequest({ operands: [name = ''], program }: Given): CompletionRequest {
  const shell = SHELLS.find((known) => known === name);
  if (shell === undefined) throw new UsageError(`completion is for bash, zsh or fish, not ${quote(name)}`);
  return { shell, program };
}
