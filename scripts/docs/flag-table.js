import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const SOURCE = 'src/cli/flags.ts';
/** Below node_modules/, so that what the module imports is found. */
const CACHE = 'node_modules/.cache';

/** The flags of the command line as Markdown: one table for each group, in the order of the source. */
export async function flagTable() {
  const flags = await readFlags();
  const groups = new Map();
  for (const flag of flags) groups.set(flag.group, [...(groups.get(flag.group) ?? []), flag]);
  return [...groups].map(([group, members]) => table(group, members)).join('\n\n');
}

async function readFlags() {
  const { outputFiles } = await build({
    entryPoints: [SOURCE],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'silent',
  });
  const { FLAGS } = await importText(outputFiles[0].contents);
  if (!Array.isArray(FLAGS)) throw new Error(`expected ${SOURCE} to export FLAGS, a list`);
  return FLAGS;
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

function table(group, flags) {
  const rows = flags.map(({ name, value, description, default: fallback }) => {
    const spelling = `\`-${name}${value === undefined ? '' : ` ${value}`}\``;
    const note = fallback === undefined ? '' : ` (default \`${fallback}\`)`;
    return `| ${cell(spelling)} | ${cell(description)}${cell(note)} |`;
  });
  return [`**${group}**`, '', '| flag | meaning |', '|---|---|', ...rows].join('\n');
}

function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
