import { type CipCommand, callOf, type Example, type ProgramName } from '../commands/command.ts';
import { COMMANDS } from '../commands/commands.ts';
import { type Flag, isInHelp } from './flag.ts';

/** Titles that come first and last; others stand between them, in the order of the flags. */
const FIRST_TITLES = ['Manifests', 'Promotion', 'Verification', 'Report', 'Snapshots'];
const LAST_TITLES = ['Registries', 'General'];

const SPELLING =
  'Flags take one dash or two, and -flag=value or -flag value; booleans take =true and =false.';

/** The help text of a command: its common flags, or all. */
export function renderHelp(
  command: CipCommand,
  { program, isAll }: { readonly program: ProgramName; readonly isAll: boolean },
): string {
  const { help } = command;
  const call = callOf(program, command.words);
  const known = command.flags.filter(isInHelp);
  const shown = isAll ? known : known.filter(({ name }) => help.common?.includes(name) ?? true);
  return [
    `${call} ${help.about}`,
    '',
    ...renderCalls(program, command),
    '',
    ...(help.notes === undefined ? [] : [...help.notes, '']),
    ...renderGroups(shown),
    ...(shown.length === known.length
      ? []
      : [`${call} -help-all prints all flags, ${call} COMMAND -help those of a command.`]),
    SPELLING,
    `Exit: ${help.exit}`,
    '',
  ].join('\n');
}

/** The examples of a command; for the program itself, those of the others too. */
function renderCalls(program: ProgramName, command: CipCommand): string[] {
  const others = command.words === '' ? COMMANDS : [];
  const calls: Example[] = [
    ...help(command, command.help.examples),
    ...others.flatMap((other) => help(other, other.help.summary === undefined ? [] : [other.help.summary])),
  ];
  const width = Math.max(...calls.map(([call]) => call.length));
  return calls.map(([call, purpose]) => `  ${call.padEnd(width)}   ${purpose}`.trimEnd());

  function help(of: CipCommand, examples: readonly Example[]): Example[] {
    return examples.map(([args, purpose]) => [`${callOf(program, of.words)} ${args}`.trimEnd(), purpose]);
  }
}

function renderGroups(flags: readonly Flag[]): string[] {
  const others = flags.map(({ group }) => group).filter((group) => !LAST_TITLES.includes(group));
  const titles = new Set([...FIRST_TITLES, ...others, ...LAST_TITLES]);
  return Array.from(titles).flatMap((title) => {
    const members = flags.filter(({ group }) => group === title);
    return members.length === 0 ? [] : [`${title}:`, ...members.map(renderFlag), ''];
  });
}

function renderFlag({ name, value, description, repeatable, default: usual }: Flag): string {
  const call = value === undefined ? `-${name}` : `-${name} ${value}`;
  const ending = usual === undefined ? '' : ` (default ${usual})`;
  return `  ${call.padEnd(33)} ${description.replaceAll('`', '')}${repeatable ? ' (repeatable)' : ''}${ending}`;
}
