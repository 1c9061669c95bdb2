import type { ProgramName } from './commands/command.ts';
import { processStdio } from './output/stdio.ts';
import { printVersion } from './output/version.ts';

/** Alone, the version needs no parser. */
const VERSION_SPELLINGS: ReadonlySet<string> = new Set(['-version', '--version', 'version']);

/** Runs a program of this package and resolves to its exit code. Never throws, never prints a stack trace. */
export async function main(program: ProgramName, argv: readonly string[]): Promise<number> {
  const stdio = processStdio(process);
  try {
    if (argv.length === 1 && VERSION_SPELLINGS.has(argv[0] ?? '')) return await printVersion(stdio);
    const { runProgram } = await import('./program.ts');
    return await runProgram(program, { argv, stdio });
  } catch (error) {
    const { tellFailure } = await import('./program.ts');
    return await tellFailure(error, { program, argv, stdio });
  }
}
