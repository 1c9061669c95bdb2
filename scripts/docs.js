// Writes the generated parts of the documents: what stands between `<!-- generated: NAME -->` and
// `<!-- /generated -->`. With --check nothing is written; parts that are not up to date are shown and the exit is 1.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { commandFlagTables, flagTable } from './docs/flag-table.js';
import { folderPicture } from './docs/folder-picture.js';
import { importTable } from './docs/import-table.js';
import { manPage } from './docs/man-page.js';

/** Which document has which parts, and what makes them. */
const DOCUMENTS = [
  { file: 'docs/flags.md', parts: { flags: flagTable, 'command-flags': commandFlagTables } },
  { file: 'docs/man/cip.1', parts: { page: manPage } },
  { file: 'src/README.md', parts: { folders: folderPicture, imports: importTable } },
];

const check = process.argv.includes('--check');
process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const problems = [];
for (const { file, parts } of DOCUMENTS) {
  for (const [name, make] of Object.entries(parts)) {
    // one after the other: two parts may be of one document
    // oxlint-disable-next-line no-await-in-loop -- see above
    const problem = await update({ file, name, make }).catch((error) => `${file}: ${name}: ${error.message}`);
    if (problem !== undefined) problems.push(problem);
  }
}
if (problems.length > 0) {
  console.error(problems.join('\n'));
  if (check) console.error('the documents are not up to date: run npm run docs');
  process.exitCode = 1;
}

/** Gives what is wrong, or undefined where all is well (now). */
async function update({ file, name, make }) {
  const text = await readFile(file, 'utf8');
  const { before, old, after } = split(text, name);
  const fresh = `\n${(await make()).trim()}\n`;
  if (old === fresh) return undefined;
  if (check) return difference(`${file}: ${name}`, old, fresh);
  await writeFile(file, before + fresh + after);
  console.log(`${file}: ${name}: written`);
  return undefined;
}

function split(text, name) {
  const begin = `<!-- generated: ${name} -->`;
  const end = '<!-- /generated -->';
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from === -1 || to === -1) throw new Error(`expected ${begin} and ${end} in the document`);
  const start = from + begin.length;
  return { before: text.slice(0, start), old: text.slice(start, to), after: text.slice(to) };
}

/** The lines that only one side has: enough to see what changed. */
function difference(title, old, fresh) {
  const oldLines = old.trim().split('\n');
  const freshLines = fresh.trim().split('\n');
  return [
    `--- ${title}`,
    `+++ ${title} (as it should be)`,
    ...oldLines.filter((line) => !freshLines.includes(line)).map((line) => `-${line}`),
    ...freshLines.filter((line) => !oldLines.includes(line)).map((line) => `+${line}`),
  ].join('\n');
}
