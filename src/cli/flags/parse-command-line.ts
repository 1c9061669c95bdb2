import { Command, CommanderError, Option } from 'commander';
import { nearest, quote } from '../../base/text.ts';
import { type CipCommand, callOf, type Given, type ProgramName } from '../commands/command.ts';
import { type CommandTable, TABLE } from '../commands/commands.ts';
import {
  describeUnknownCommand,
  findCommand,
  findForHelp,
  type Program,
  refuseWords,
} from './find-command.ts';
import { type Flag, isInHelp } from './flag.ts';
import { FlagValues } from './flag-values.ts';
import { rewriteGoFlags, wordsAmong } from './go-flags.ts';
import { listFlags } from './refuse-flags.ts';
import { UsageError } from './usage-error.ts';

/** A command line that names a command, and only flags that it takes. */
export interface CommandLine extends Pick<Given, 'flags' | 'operands'> {
  readonly command: CipCommand;
}

/**
 * Parses an argument list. Flags may stand before the words of the command and behind them. Throws a `UsageError` for
 * unknown commands, and for flags and operands that the command does not take.
 */
export function parseCommandLine(
  name: ProgramName,
  argv: readonly string[],
  { table = TABLE, kindOf = () => undefined }: Partial<Omit<Program, 'name'>> = {},
): CommandLine {
  const program = { name, table, kindOf };
  try {
    const first = rewriteGoFlags(argv, table.flags);
    const isHelp = first.some((argument) => HELP.has(argument));
    const { command, length } = (isHelp ? findForHelp : findCommand)(program, wordsIn(first));
    const rewritten = rewriteGoFlags(argv, [...table.flags, ...command.flags]);
    const parser = makeParser(command);
    if (command.operands !== undefined) parser.arguments(isHelp ? '[any...]' : command.operands);
    parser.parse(withoutWords(rewritten, length), { from: 'user' });
    const values = new Map(Object.entries(parser.opts<Record<string, readonly string[]>>()));
    return { command, flags: new FlagValues(values), operands: parser.args };
  } catch (error) {
    throw explain(error, { program, argv });
  }
}

/** With these flags, a command needs no operands. */
const HELP: ReadonlySet<string> = new Set(['--help=true', '--help-all=true', '--version=true']);

/** The hint after a usage error: how to list the flags of the command. */
export function helpHint(name: ProgramName, argv: readonly string[]): string {
  const { spelling } = findCommand({ name, table: TABLE }, wordsAmong(argv, TABLE.flags));
  return `${[name, ...spelling].join(' ')} -help-all lists the flags`;
}

function makeParser({ words, flags }: CipCommand): Command {
  const command = new Command(words)
    .helpOption(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  for (const flag of flags) command.addOption(new FlagOption(flag));
  return command;
}

/** A flag that keeps its name (`-no-progress` negates nothing) and all of its values. */
class FlagOption extends Option {
  constructor({ name, value, description }: Flag) {
    super(`--${name} <${value ?? 'boolean'}>`, description);
    this.negate = false;
    this.argParser<string[] | undefined>((text, before) => [...(before ?? []), text]);
  }

  override attributeName(): string {
    return this.name();
  }
}

/** The words of a rewritten command line; behind `--` there are no flags. */
function wordsIn(rewritten: readonly string[]): readonly string[] {
  const end = rewritten.indexOf('--');
  if (end === -1) return rewritten.filter(isWord);
  return [...rewritten.slice(0, end).filter(isWord), ...rewritten.slice(end + 1)];
}

function isWord(argument: string): boolean {
  return !argument.startsWith('-');
}

function withoutWords(rewritten: readonly string[], count: number): string[] {
  let left = count;
  return rewritten.filter((argument) => !isWord(argument) || left-- <= 0);
}

interface Failed {
  readonly program: Program;
  readonly argv: readonly string[];
}

function explain(error: unknown, { program, argv }: Failed): unknown {
  const { command } = findCommand(program, wordsAmong(argv, program.table.flags));
  const given = () => rewriteGoFlags(argv, [...program.table.flags, ...command.flags]);
  const code = error instanceof CommanderError ? error.code : undefined;
  if (code === 'commander.excessArguments' && command.operands === undefined) {
    return refuseWords(program, wordsIn(given()));
  }
  const unknown = describeUnknownCommand(program, argv);
  if (unknown !== undefined) return new UsageError(unknown);
  if (!(error instanceof CommanderError)) return error;
  if (code === 'commander.missingArgument' || code === 'commander.excessArguments') {
    const call = callOf(program.name, command.words);
    const operands = (command.operands ?? '').toUpperCase().replaceAll(/[<>]/g, '');
    return new UsageError(`wrong number of arguments: expected ${call} ${operands}`);
  }
  const [, name = ''] = /^error: unknown option '--([^']*)'/.exec(error.message) ?? [];
  return refuseForeign(command, { table: program.table, given: given() }) ?? refuseUnknown(name, command);
}

/** The refusal of flags that other commands take. */
function refuseForeign(
  command: CipCommand,
  { table, given }: { readonly table: CommandTable; readonly given: readonly string[] },
): UsageError | undefined {
  const takes = ({ flags }: CipCommand, name: string) => flags.some((flag) => flag.name === name);
  const foreign = table.flags.filter(
    ({ name }) => !takes(command, name) && given.some((argument) => argument.startsWith(`--${name}=`)),
  );
  const [first] = foreign;
  if (first === undefined) return undefined;
  if (command.refusal !== undefined) return new UsageError(command.refusal(first.name));
  const owners = table.commands.filter((other) => foreign.every(({ name }) => takes(other, name)));
  const names = owners.map((owner) => callOf('cip', owner.words));
  const hint = names.length === 0 ? '' : `; ${names.join(', ')} ${names.length === 1 ? 'does' : 'do'}`;
  return new UsageError(`${callOf('cip', command.words)} does not take ${listFlags(foreign)}${hint}`);
}

/** Characters of a flag that identify it. */
const SHORTEST_BEGINNING = 4;

/** The refusal of an unknown flag, with the nearest one that the command takes, if one is near. */
function refuseUnknown(unknown: string, { flags }: CipCommand): UsageError {
  const names = flags.filter(isInHelp).map(({ name }) => name);
  const begun = unknown.length < SHORTEST_BEGINNING ? [] : names.filter((name) => name.startsWith(unknown));
  const meant = nearest(unknown, names) ?? begun[0];
  const advice = meant === undefined ? '' : `: did you mean -${meant}?`;
  return new UsageError(`unknown flag ${quote(`-${unknown}`)}${advice}`);
}
