import { statSync } from 'node:fs';
import { CodedError, messageOf } from '../base/errors.ts';
import { escapeLines } from '../base/text.ts';
import type { ProgramName } from './commands/command.ts';
import type { FlagValues } from './flags/flag-values.ts';
import type { CommandLine } from './flags/parse-command-line.ts';
import { exitCodeOfError, InputError, UsageError } from './flags/usage-error.ts';
import type { Stdio } from './output/stdio.ts';
import { processStdio, tell, writeTo } from './output/stdio.ts';

/** Alone or with one of `JSON_SPELLINGS`, the version needs no parser. */
const VERSION_SPELLINGS: ReadonlySet<string> = new Set(['-version', '--version', 'version']);
const JSON_SPELLINGS: ReadonlySet<string> = new Set(['-json', '--json', '-j']);

/** Runs a program of this package and resolves to its exit code. Never throws, never prints a stack trace. */
export async function main(program: ProgramName, argv: readonly string[]): Promise<number> {
  const stdio = processStdio(process);
  try {
    return await runProgram(program, { argv, stdio });
  } catch (error) {
    if (asksForJson(argv, process.env)) await tellAsJson(error, stdio);
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
function asksForJson(argv: readonly string[], env: NodeJS.ProcessEnv): boolean {
  const text = ` ${argv.join(' ')}`;
  if (/ --?log-format[= ]/.test(text)) return / --?log-format[= ]json(?: |$)/i.test(text);
  return env['CIP_LOG_FORMAT']?.toLowerCase() === 'json';
}

async function tellAsJson(error: unknown, { err }: Stdio): Promise<void> {
  const { createLogger } = await import('./output/logger.ts');
  createLogger({ err }, { level: 'error', format: 'json' }, Date.now).write('error', messageOf(error));
}

async function runProgram(
  program: ProgramName,
  { argv, stdio }: { argv: readonly string[]; stdio: Stdio },
): Promise<number> {
  const format = versionFormatOf(argv);
  if (format !== undefined) return printVersionLazily(stdio, format);
  const { parseCommandLine } = await import('./flags/parse-command-line.ts');
  const line = parseCommandLine(program, withoutHelpWord(argv), { kindOf });
  const { command, flags } = line;
  if (flags.isOn('version')) return printVersionLazily(stdio, 'text');
  const isAll = flags.isOn('help-all');
  if (isAll || flags.isOn('help') || (program === 'kpromo' && argv.length === 0)) {
    const { renderHelp } = await import('./flags/help.ts');
    await writeTo(stdio.out, renderHelp(command, { program, isAll }));
    return 0;
  }
  return execute(line, program, stdio);
}

/** Runs a command, with the flags that the environment adds. */
async function execute(line: CommandLine, program: ProgramName, stdio: Stdio): Promise<number> {
  const { env } = process;
  const { addEnvironment, nameVariables } = await import('./flags/environment-flags.ts');
  const { TABLE } = await import('./commands/commands.ts');
  const { flags, added, warnings } = addEnvironment(line, { env, known: TABLE.flags });
  try {
    if (warnings.length > 0) await warn(warnings, flags, stdio);
    const { command, operands } = line;
    return await command.execute({ flags, operands, program, env }, { stdio, env });
  } catch (error) {
    throw nameVariables(error, added);
  }
}

async function warn(warnings: readonly string[], flags: FlagValues, stdio: Stdio): Promise<void> {
  const { logOptionsOf } = await import('./flags/options/run-options.ts');
  const { createLogger } = await import('./output/logger.ts');
  const log = createLogger(stdio, logOptionsOf(flags), Date.now);
  for (const warning of warnings) log.write('warning', warning);
}

function kindOf(path: string): 'file' | 'directory' | undefined {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) return 'directory';
    return stats.isFile() ? 'file' : undefined;
  } catch {
    return undefined;
  }
}

/** `cip help verify` is `cip verify -help`. */
function withoutHelpWord(argv: readonly string[]): readonly string[] {
  return argv[0] === 'help' ? [...argv.slice(1), '-help'] : argv;
}

/** The format of the version, if the command line asks for nothing else. */
function versionFormatOf(argv: readonly string[]): 'text' | 'json' | undefined {
  const others = argv.filter((argument) => !VERSION_SPELLINGS.has(argument));
  if (argv.length - others.length !== 1 || others.length > 1) return undefined;
  if (others.length === 0) return 'text';
  return others.every((argument) => JSON_SPELLINGS.has(argument)) ? 'json' : undefined;
}

async function printVersionLazily(stdio: Stdio, format: 'text' | 'json'): Promise<number> {
  const { printVersion } = await import('./output/version.ts');
  return printVersion(stdio, format);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? '') : '';
}
