import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const SOURCE = 'src/cli/flags/flags.ts';
const DIFF_SOURCE = 'src/cli/flags/command-flags.ts';
/** Below node_modules/, so that what the module imports is found. */
const CACHE = 'node_modules/.cache';

/** The flags as Markdown: a table for each group, in the order of the source; those without effect in one line. */
export async function flagTable() {
  const flags = await readFlags(SOURCE, 'FLAGS');
  const groups = new Map();
  for (const flag of flags.filter(({ inert }) => inert === undefined)) {
    groups.set(flag.group, [...(groups.get(flag.group) ?? []), flag]);
  }
  const tables = [...groups].map(([group, members]) => table(group, members));
  return [...tables, ...inertLine(flags)].join('\n\n');
}

/** The flags of `cip diff`: those that mean something else there in a table, the others by their names. */
export async function diffFlagTable() {
  const known = new Map((await readFlags(SOURCE, 'FLAGS')).map((flag) => [flag.name, flag.description]));
  const flags = await readFlags(DIFF_SOURCE, 'DIFF_FLAGS');
  const own = flags.filter(({ name, description }) => known.get(name) !== description);
  const shared = flags.filter((flag) => !own.includes(flag)).map(({ name }) => `\`-${name}\``);
  return [table('comparisons (`cip diff`)', own), `Of the flags above: ${shared.join(', ')}.`].join('\n\n');
}

async function readFlags(source, name) {
  const { outputFiles } = await build({
    entryPoints: [source],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'silent',
  });
  const { [name]: flags } = await importText(outputFiles[0].contents);
  if (!Array.isArray(flags)) throw new Error(`expected ${source} to export ${name}, a list`);
  return flags;
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
  const rows = flags.map(({ name, value, description, default: fallback }) => {
    const spelling = `\`-${name}${value === undefined ? '' : ` ${value}`}\``;
    const note = fallback === undefined ? '' : ` (default \`${fallback}\`)`;
    return `| ${cell(spelling)} | ${cell(description)}${cell(note)} |`;
  });
  return [
    `**${group.charAt(0).toUpperCase()}${group.slice(1)}**`,
    '',
    '| flag | meaning |',
    '|---|---|',
    ...rows,
  ].join('\n');
}

function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
