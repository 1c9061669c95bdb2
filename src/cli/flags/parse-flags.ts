import { Command, CommanderError, Option } from 'commander';
import { nearest, quote } from '../../base/text.ts';
import type { CipCommand, ParsedFlags, ProgramName } from '../commands/command.ts';
import { describeUnknownCommand, findCommand } from '../commands/find-command.ts';
import type { FlagSpec } from './flag-spec.ts';
import { FLAGS } from './flags.ts';
import { rewriteGoFlags } from './go-flags.ts';
import { UsageError } from './usage-error.ts';

/** A command line that names a command and only what that takes. */
export interface CommandLine extends ParsedFlags {
  readonly command: CipCommand;
}

/** They go with every command. */
const COMMON_FLAGS: ReadonlySet<string> = new Set(['help', 'help-all', 'version']);

/** The flags and the command of an argument list. Throws a `UsageError` for what it cannot understand. */
export function parseFlags(program: ProgramName, argv: readonly string[]): CommandLine {
  const values = new Map<string, string[]>();
  const specs: readonly FlagSpec[] = FLAGS;
  const command = new Command(program)
    .helpOption(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  command.argument('[words...]');
  for (const spec of specs) {
    const option = new Option(`--${spec.name} <${spec.value ?? 'boolean'}>`);
    command.addOption(option);
    command.on(`option:${spec.name}`, (value: string) => {
      values.set(spec.name, [...(values.get(spec.name) ?? []), value]);
    });
  }
  try {
    command.parse(rewriteGoFlags(argv, specs), { from: 'user' });
  } catch (error) {
    const unknown = describeUnknownCommand(program, argv, specs);
    if (unknown !== undefined) throw new UsageError(unknown);
    throw error instanceof CommanderError ? asUsageError(error) : error;
  }
  const found = findCommand(program, command.args);
  refuseForeign(found.command, values);
  return { ...found, values };
}

function refuseForeign({ flags, words }: CipCommand, values: ReadonlyMap<string, unknown>): void {
  const [name] = words.cip;
  const other = FLAGS.find(
    ({ command, name: flag }) => command !== undefined && command !== name && values.has(flag),
  );
  if (other !== undefined) throw new UsageError(`-${other.name} is a flag of cip ${other.command}`);
  if (flags === undefined) return;
  const foreign = Array.from(values.keys()).filter(
    (name) => !flags.includes(name) && !COMMON_FLAGS.has(name),
  );
  if (foreign.length === 0) return;
  const list = (names: readonly string[]) => names.map((name) => `-${name}`).join(', ');
  throw new UsageError(`cip ${name} does not take ${list(foreign)}: its flags are ${list(flags)}`);
}

/** Characters of a flag that identify it. */
const SHORTEST_BEGINNING = 4;

/** An error of commander on one line, with a single dash; an unknown flag with the nearest one, if one is near. */
function asUsageError(error: CommanderError): UsageError {
  const unknown = /^error: unknown option '--([^']*)'/.exec(error.message)?.[1];
  if (unknown === undefined) {
    return new UsageError(
      error.message
        .replace(/^error: /, '')
        .replaceAll('--', '-')
        .replaceAll('\n', ' '),
    );
  }
  const visible = FLAGS.filter(
    ({ inert, planned, refused }) => inert === undefined && refused === undefined && !planned,
  );
  const names = visible.map(({ name }) => name);
  const begun = unknown.length < SHORTEST_BEGINNING ? [] : names.filter((name) => name.startsWith(unknown));
  const meant = nearest(unknown, names) ?? begun[0];
  const advice = meant === undefined ? '' : `: did you mean -${meant}?`;
  return new UsageError(`unknown flag ${quote(`-${unknown}`)}${advice}`);
}
