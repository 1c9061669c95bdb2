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

/** Where the flags are listed, if they are to blame. */
async function hintFor(
  error: unknown,
  { program, argv }: { readonly program: ProgramName; readonly argv: readonly string[] },
): Promise<string> {
  if (!(error instanceof UsageError) || error instanceof InputError) return '';
  const { helpHint } = await import('./flags/help/help-hint.ts');
  return `${helpHint(program, argv)}\n`;
}

/** A command line that cannot be used may still say who collects the log. */
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
  const { parseFlags } = await import('./flags/parse-flags.ts');
  const { command, ...flags } = parseFlags(program, withoutHelpWord(argv));
  if (isOn('version')) return printVersionLazily(stdio);
  const all = isOn('help-all');
  if (all || isOn('help') || (program === 'kpromo' && argv.length === 0)) {
    await writeTo(stdio.out, await command.help(program, all ? 'all' : 'common'));
    return 0;
  }
  return command.run({ ...flags, program, stdio, env: process.env });

  function isOn(name: string): boolean {
    return flags.values.get(name)?.at(-1) === 'true';
  }
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
