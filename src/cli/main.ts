import { CodedError, messageOf } from '../base/errors.ts';
import { escapeLines } from '../base/text.ts';
import type { ProgramName } from './commands/command.ts';
import { exitCodeOfError, InputError, UsageError } from './flags/usage-error.ts';
import type { Stdio } from './output/stdio.ts';
import { processStdio, tell, writeTo } from './output/stdio.ts';

/** Asked for alone, the version needs no parser. */
const VERSION_SPELLINGS: ReadonlySet<string> = new Set(['-version', '--version', 'version']);

/** Runs a program of this package and resolves to its exit code. Never throws, never prints a stack trace. */
export async function main(program: ProgramName, argv: readonly string[]): Promise<number> {
  const stdio = processStdio(process);
  try {
    return await runProgram(program, { argv, stdio });
  } catch (error) {
    if (asksForJson(argv)) await tellAsJson(error, stdio);
    else
      await tell(
        stdio.err,
        `${program}: ${escapeLines(messageOf(error))}\n${await hintFor(error, { program, argv })}`,
      );
    if (!(error instanceof CodedError) && process.env['CIP_DEBUG'])
      await tell(stdio.err, `${stackOf(error)}\n`);
    return exitCodeOfError(error);
  }
}

/** The command that lists the flags, for an error that flags caused. */
async function hintFor(
  error: unknown,
  { program, argv }: { readonly program: ProgramName; readonly argv: readonly string[] },
): Promise<string> {
  if (!(error instanceof UsageError) || error instanceof InputError) return '';
  const { helpHint } = await import('./flags/parse-command-line.ts');
  return `${helpHint(program, argv)}\n`;
}

/** True if the command line asks for a JSON log, even if it cannot be used otherwise. */
function asksForJson(argv: readonly string[]): boolean {
  return / --?log-format[= ]json(?: |$)/i.test(` ${argv.join(' ')}`);
}

async function tellAsJson(error: unknown, { err }: Stdio): Promise<void> {
  const { createLogger } = await import('./output/logger.ts');
  createLogger({ err }, { level: 'error', format: 'json' }, Date.now).write('error', messageOf(error));
}

async function runProgram(
  program: ProgramName,
  { argv, stdio }: { argv: readonly string[]; stdio: Stdio },
): Promise<number> {
  if (argv.length === 1 && VERSION_SPELLINGS.has(argv[0] ?? '')) return printVersionLazily(stdio);
  const { parseCommandLine } = await import('./flags/parse-command-line.ts');
  const { command, ...given } = parseCommandLine(program, withoutHelpWord(argv));
  const { flags } = given;
  if (flags.isOn('version')) return printVersionLazily(stdio);
  const isAll = flags.isOn('help-all');
  if (isAll || flags.isOn('help') || (program === 'kpromo' && argv.length === 0)) {
    const { renderHelp } = await import('./flags/help.ts');
    await writeTo(stdio.out, renderHelp(command, { program, isAll }));
    return 0;
  }
  const { env } = process;
  return command.execute({ ...given, program, env }, { stdio, env });
}

/** `cip help verify` is `cip verify -help`. */
function withoutHelpWord(argv: readonly string[]): readonly string[] {
  return argv[0] === 'help' ? [...argv.slice(1), '-help'] : argv;
}

async function printVersionLazily(stdio: Stdio): Promise<number> {
  const { printVersion } = await import('./output/version.ts');
  return printVersion(stdio);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? '') : '';
}
