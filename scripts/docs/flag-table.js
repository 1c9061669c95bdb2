import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** The table of commands, each with its flags. */
const SOURCE = 'src/cli/commands/commands.ts';
/** Below node_modules/, so that what the module imports is found. */
const CACHE = 'node_modules/.cache';

/** The flags of `cip` as Markdown: a table for each group, in the order of the source; those without effect in one line. */
export async function flagTable() {
  const [{ flags }] = await readCommands();
  const noted = flags.filter(isNoted);
  const groups = [...new Set(noted.map(({ group }) => group))];
  const tables = groups.map((group) =>
    table(
      group,
      noted.filter((flag) => flag.group === group),
    ),
  );
  return [...tables, ...inertLine(flags)].join('\n\n');
}

/** The flags of each other command: those that `cip` has not, or has otherwise, in a table, the others by their names. */
export async function commandFlagTables() {
  const [program, ...others] = await readCommands();
  const known = new Map(program.flags.map((flag) => [flag.name, flag.description]));
  return others.map(({ words, flags }) => commandTable(words, flags.filter(hasEffect), known)).join('\n\n');
}

function commandTable(words, flags, known) {
  const own = flags.filter(({ name, description }) => known.get(name) !== description);
  const shared = flags.filter((flag) => !own.includes(flag)).map(({ name }) => `\`-${name}\``);
  const also = `Of the flags above: ${shared.join(', ')}.`;
  return own.length === 0
    ? `**\`cip ${words}\`**\n\n${also}`
    : `${table(`\`cip ${words}\``, own)}\n\n${also}`;
}

function isNoted({ inert }) {
  return inert === undefined;
}

/** Whether a flag does something. */
export function hasEffect({ inert, planned, refused }) {
  return inert === undefined && refused === undefined && !planned;
}

/** The commands as the source has them; the first one is the program itself. */
export async function readCommands() {
  const { outputFiles } = await build({
    entryPoints: [SOURCE],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'silent',
  });
  const { COMMANDS: commands } = await importText(outputFiles[0].contents);
  if (!Array.isArray(commands)) throw new Error(`expected ${SOURCE} to export COMMANDS, a list`);
  return commands;
}

async function importText(contents) {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, 'docs-'));
  try {
    await writeFile(join(folder, 'module.mjs'), contents);
    return await import(pathToFileURL(resolve(folder, 'module.mjs')).href);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function inertLine(flags) {
  const names = flags.filter(({ inert }) => inert !== undefined).map(({ name }) => `\`-${name}\``);
  return names.length === 0 ? [] : [`Accepted without effect, with a warning: ${names.join(', ')}.`];
}

function table(group, flags) {
  const rows = flags.map(({ name, value, description, repeatable, default: fallback }) => {
    const spelling = `\`-${name}${value === undefined ? '' : ` ${value}`}\``;
    const note = fallback === undefined ? '' : ` (default \`${fallback}\`)`;
    return `| ${cell(spelling)} | ${cell(description)}${repeatable ? ' (repeatable)' : ''}${cell(note)} |`;
  });
  return [`**${group}**`, '', '| flag | meaning |', '|---|---|', ...rows].join('\n');
}

function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
