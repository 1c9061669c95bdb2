import type { ProgramName } from './commands/command.ts';
import { processStdio } from './output/stdio.ts';
import { printVersion } from './output/version.ts';

/** Alone or with one of `JSON_SPELLINGS`, the version needs no parser. */
const VERSION_SPELLINGS: ReadonlySet<string> = new Set(['-version', '--version', 'version']);
const JSON_SPELLINGS: ReadonlySet<string> = new Set(['-json', '--json', '-j']);

/** Runs a program of this package and resolves to its exit code. Never throws, never prints a stack trace. */
export async function main(program: ProgramName, argv: readonly string[]): Promise<number> {
  const stdio = processStdio(process);
  try {
    const format = versionFormatOf(argv);
    if (format !== undefined) return await printVersion(stdio, format);
    const { runProgram } = await import('./program.ts');
    return await runProgram(program, { argv, stdio });
  } catch (error) {
    const { tellFailure } = await import('./program.ts');
    return await tellFailure(error, { program, argv, stdio });
  }
}

/** The format of the version, if the command line asks for nothing else. */
function versionFormatOf(argv: readonly string[]): 'text' | 'json' | undefined {
  const others = argv.filter((argument) => !VERSION_SPELLINGS.has(argument));
  if (argv.length - others.length !== 1 || others.length > 1) return undefined;
  if (others.length === 0) return 'text';
  return others.every((argument) => JSON_SPELLINGS.has(argument)) ? 'json' : undefined;
}
