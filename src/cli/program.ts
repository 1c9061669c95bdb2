import { statSync } from 'node:fs';
import { CodedError, messageOf } from '../base/errors.ts';
import { escapeLines } from '../base/text.ts';
import type { ProgramName } from './commands/command.ts';
import { TABLE } from './commands/commands.ts';
import { spellAuditor } from './flags/audit-spellings.ts';
import { addEnvironment, nameVariables } from './flags/environment-flags.ts';
import type { FlagValues } from './flags/flag-values.ts';
import { renderHelp } from './flags/help.ts';
import { logOptionsOf } from './flags/options/run-options.ts';
import { type CommandLine, helpHint, parseCommandLine } from './flags/parse-command-line.ts';
import { exitCodeOfError, InputError, UsageError } from './flags/usage-error.ts';
import { createLogger } from './output/logger.ts';
import { type Stdio, tell, writeTo } from './output/stdio.ts';
import { printVersion } from './output/version.ts';

interface Call {
  readonly argv: readonly string[];
  readonly stdio: Stdio;
}

/** Runs the command that an argument list names, and resolves to its exit code. */
export async function runProgram(program: ProgramName, { argv, stdio }: Call): Promise<number> {
  const line = parseCommandLine(program, spellAuditor(withoutHelpWord(argv)), { kindOf });
  const { command, flags } = line;
  if (flags.isOn('version')) return await printVersion(stdio, 'text');
  const isAll = flags.isOn('help-all');
  if (isAll || flags.isOn('help') || (program === 'kpromo' && argv.length === 0)) {
    await writeTo(stdio.out, renderHelp(command, { program, isAll }));
    return 0;
  }
  return await execute(line, program, stdio);
}

/** Runs a command, with the flags that the environment adds. */
async function execute(line: CommandLine, program: ProgramName, stdio: Stdio): Promise<number> {
  const { env } = process;
  const { flags, added, warnings } = addEnvironment(line, { env, known: TABLE.flags });
  try {
    if (warnings.length > 0) warn(warnings, flags, stdio);
    const { command, operands } = line;
    return await command.execute({ flags, operands, program, env }, { stdio, env });
  } catch (error) {
    throw nameVariables(error, added);
  }
}

function warn(warnings: readonly string[], flags: FlagValues, stdio: Stdio): void {
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

/** Writes the message of the error that ended a program, and resolves to the exit code. */
export async function tellFailure(
  error: unknown,
  { program, argv, stdio }: Call & { readonly program: ProgramName },
): Promise<1 | 2> {
  if (asksForJson(argv, process.env)) {
    const log = createLogger(stdio, { level: 'error', format: 'json' }, Date.now);
    log.write('error', messageOf(error));
  } else {
    const isUsage = error instanceof UsageError && !(error instanceof InputError);
    const hint = isUsage ? `${helpHint(program, argv)}\n` : '';
    await tell(stdio.err, `${program}: ${escapeLines(messageOf(error))}\n${hint}`);
  }
  const isUnexpected = error instanceof Error && !(error instanceof CodedError);
  if (isUnexpected && process.env['CIP_DEBUG']) await tell(stdio.err, `${error.stack ?? ''}\n`);
  return exitCodeOfError(error);
}

/** True if the command line asks for a JSON log, even if it cannot be used otherwise. */
function asksForJson(argv: readonly string[], env: NodeJS.ProcessEnv): boolean {
  const text = ` ${argv.join(' ')}`;
  if (/ --?log-format[= ]/.test(text)) return / --?log-format[= ]json(?: |$)/i.test(text);
  return env['CIP_LOG_FORMAT']?.toLowerCase() === 'json';
}
