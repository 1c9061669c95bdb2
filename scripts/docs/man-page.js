import { hasEffect, readCommands } from './flag-table.js';

/** The manual page of `cip`, in the man macros of roff. It ends with `.ig`, which hides the end marker behind it. */
export async function manPage() {
  const [program, ...others] = await readCommands();
  return [
    '.TH CIP 1 "" "cip" "User Commands"',
    '.SH NAME',
    'cip \\- promote container images',
    '.SH SYNOPSIS',
    ...[program, ...others].flatMap(synopsis),
    '.SH DESCRIPTION',
    line(`cip ${program.help.about}`),
    'Without \\fB\\-confirm\\fR every run is a dry run that writes nothing.',
    '.SH COMMANDS',
    ...others.flatMap((command) => commandSection(command, program)),
    '.SH FLAGS',
    'Flags take one dash or two, and \\fI\\-flag=value\\fR or \\fI\\-flag value\\fR;',
    'booleans take \\fB=true\\fR and \\fB=false\\fR.',
    ...groupsOf(program.flags.filter(hasEffect)),
    '.SH ENVIRONMENT',
    'Flags have variables, with the lowest precedence: \\fBCIP_KEY_FILES=a.json\\fR is \\fB\\-key\\-files=a.json\\fR.',
    'Booleans are 1, true, 0 or false. \\fB\\-confirm\\fR must be on the command line.',
    '.SH EXIT STATUS',
    line(program.help.exit),
    '.SH EXAMPLES',
    ...examplesOf(program),
    '.ig',
  ].join('\n');
}

function synopsis({ words, operands }, index) {
  const call = ['cip', words].filter(Boolean).join(' ');
  const rest = operands === undefined ? '' : ` \\fI${line(operands.replaceAll(/[<>]/g, ''))}\\fR`;
  return [...(index === 0 ? [] : ['.br']), `\\fB${line(call)}\\fR [\\fIflags\\fR]${rest}`];
}

function commandSection(command, program) {
  const { words, flags, help } = command;
  const known = new Map(program.flags.map((flag) => [flag.name, flag.description]));
  const own = flags.filter((flag) => hasEffect(flag) && known.get(flag.name) !== flag.description);
  const shared = flags.filter((flag) => hasEffect(flag) && !own.includes(flag));
  return [
    `.SS "cip ${line(words)}"`,
    line(`cip ${words} ${help.about}`),
    ...(help.notes ?? []).flatMap((note) => ['.br', line(note)]),
    ...own.flatMap(flagEntry),
    '.PP',
    `Flags of cip: ${shared.map(({ name }) => bold(`-${name}`)).join(', ')}.`,
    '.PP',
    line(`Exit: ${help.exit}`),
    ...examplesOf(command),
  ];
}

function groupsOf(flags) {
  const groups = [...new Set(flags.map(({ group }) => group))];
  return groups.flatMap((group) => [
    `.SS ${group}`,
    ...flags.filter((flag) => flag.group === group).flatMap(flagEntry),
  ]);
}

function flagEntry({ name, value, description, repeatable, default: usual }) {
  const notes = [
    ...(repeatable ? ['(repeatable)'] : []),
    ...(usual === undefined ? [] : [`(default ${usual})`]),
  ];
  const call = value === undefined ? bold(`-${name}`) : `${bold(`-${name}`)} \\fI${line(value)}\\fR`;
  return ['.TP', call, line([description, ...notes].join(' '))];
}

function examplesOf({ words, help }) {
  return help.examples.flatMap(([args, purpose]) => [
    '.TP',
    bold(['cip', words, args].filter(Boolean).join(' ')),
    line(purpose || help.about),
  ]);
}

function bold(text) {
  return `\\fB${line(text)}\\fR`;
}

/** Text for one line of roff. */
function line(text) {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/\s*\n\s*/g, ' ')
    .replaceAll(/`([^`]*)`/g, '\\fB$1\\fR')
    .replaceAll('…', '...')
    .replace(/^[.']/, '\\&$&')
    .trim();
}
