import { byText, readImports } from './read-imports.js';

/** Which folder of src/ imports what, as a Markdown table. */
export async function importTable() {
  const rows = await readImports();
  return [
    '| folder | imports from src/ | from node and npm |',
    '|---|---|---|',
    ...[...rows].toSorted(byFlow).map(([folder, row]) => line(folder, row)),
  ].join('\n');
}

/** Who imports least comes first, so that a row names what stands above it. */
function byFlow([a, left], [b, right]) {
  return left.folders.size - right.folders.size || byText(a, b);
}

function line(folder, { folders, modules }) {
  return `| ${folder} | ${list(folders)} | ${list(modules)} |`;
}

function list(names) {
  return names.size === 0 ? '–' : [...names].toSorted(byText).join(', ');
}
