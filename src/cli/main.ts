import { CodedError, messageOf } from '../base/errors.ts';
import type { ProgramName } from './parse-flags.ts';
import type { Stdio } from './stdio.ts';
import { ignoreErrors, writeTo } from './stdio.ts';
import { exitCodeOfError, UsageError } from './usage-error.ts';

/** Asked for alone, the version needs no parser. */
const VERSION_SPELLINGS: ReadonlySet<string> = new Set(['-version', '--version', 'version']);

/** Runs a program of this package and resolves to its exit code. Never throws, never prints a stack trace. */
export async function main(program: ProgramName, argv: readonly string[]): Promise<number> {
  const stdio: Stdio = { out: process.stdout, err: process.stderr };
  ignoreErrors(stdio.out);
  ignoreErrors(stdio.err);
  try {
    return await runProgram(program, { argv, stdio });
  } catch (error) {
    const hint = error instanceof UsageError ? `\n${program} -help lists the flags` : '';
    await writeTo(stdio.err, `${program}: ${messageOf(error)}${hint}\n`);
    if (!(error instanceof CodedError) && process.env['CIP_DEBUG'])
      await writeTo(stdio.err, `${stackOf(error)}\n`);
    return exitCodeOfError(error);
  }
}

async function runProgram(
  program: ProgramName,
  { argv, stdio }: { argv: readonly string[]; stdio: Stdio },
): Promise<number> {
  if (argv.length === 1 && VERSION_SPELLINGS.has(argv[0] ?? '')) return printVersion(stdio);
  const { parseFlags } = await import('./parse-flags.ts');
  const flags = parseFlags(program, argv);
  if (flags.command === 'version' || flags.values.get('version')?.at(-1) === 'true') {
    return printVersion(stdio);
  }
  const asksHelp = flags.values.get('help')?.at(-1) === 'true' || (program === 'kpromo' && argv.length === 0);
  if (asksHelp) {
    const { renderDiffUsage, renderUsage } = await import('./usage.ts');
    await writeTo(stdio.out, flags.command === 'diff' ? renderDiffUsage() : renderUsage(program));
    return 0;
  }
  if (flags.command === 'diff') {
    const { makeDiffOptions } = await import('./diff-options.ts');
    const options = makeDiffOptions(flags);
    const { runDiff } = await import('./run-diff.ts');
    return runDiff(options, stdio, process.env);
  }
  if (flags.command !== '') throw new UsageError(`not built yet: ${flags.command}`);
  const { isSnapshot, makeSnapshotOptions } = await import('./snapshot-options.ts');
  if (isSnapshot(flags)) {
    const options = makeSnapshotOptions(program, flags);
    const { runSnapshot } = await import('./run-snapshot.ts');
    return runSnapshot(options, stdio, process.env);
  }
  const { makeOptions } = await import('./options.ts');
  const options = makeOptions(flags);
  const { runCip } = await import('./run-cip.ts');
  return runCip(options, stdio, process.env);
}

async function printVersion(stdio: Stdio): Promise<number> {
  const { renderVersion } = await import('./version.ts');
  await writeTo(stdio.out, renderVersion());
  return 0;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? '') : '';
}
