import { Command, CommanderError, Option } from 'commander';
import { closest, quote } from '../base/text.ts';
import { FLAGS, type FlagSpec } from './flags.ts';
import { rewriteGoFlags } from './go-flags.ts';
import { UsageError } from './usage-error.ts';

export type ProgramName = 'cip' | 'kpromo';

/** What a command line asks for, before it is known whether it makes sense. */
export interface ParsedFlags {
  readonly command: string;
  /** What the command is about, where it takes words. */
  readonly words: readonly string[];
  /** Values as text, in the order given; of a flag that is not repeatable the last one counts, as in Go. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/** Words that may follow the program's name; `''` is the promotion. */
const COMMANDS: Readonly<Record<ProgramName, Readonly<Record<string, string>>>> = {
  cip: { run: '', version: 'version', audit: 'audit', diff: 'diff' },
  kpromo: { cip: '', version: 'version' },
};

/** Commands that take words of their own. */
const WITH_WORDS: ReadonlySet<string> = new Set(['diff']);

/** The flags and the command of an argument list. Throws a `UsageError` for what it cannot understand. */
export function parseFlags(program: ProgramName, argv: readonly string[]): ParsedFlags {
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
    throw error instanceof CommanderError ? asUsageError(error) : error;
  }
  return { ...commandOf(program, command.args), values };
}

function commandOf(program: ProgramName, args: readonly string[]): Omit<ParsedFlags, 'values'> {
  const [first, ...more] = args;
  const known = first === undefined ? '' : COMMANDS[program][first];
  if (known !== undefined && WITH_WORDS.has(known)) return { command: known, words: more };
  const stray = known === undefined ? first : more[0];
  if (stray === undefined) return { command: known ?? '', words: [] };
  const hint = /^(?:true|false)$/i.test(stray) ? `: a boolean is written -flag=${stray}` : '';
  throw new UsageError(`unexpected argument ${quote(stray)}${hint}`);
}

/** What commander refuses, in one line and with the dash that our help has; an unknown flag with the most alike one. */
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
  const visible = (FLAGS as readonly FlagSpec[]).filter(({ inert }) => inert === undefined);
  const meant = closest(
    unknown,
    visible.map(({ name }) => name),
  );
  return new UsageError(`unknown flag ${quote(`-${unknown}`)}: did you mean -${meant}?`);
}
