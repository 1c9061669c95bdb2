import { cruise } from 'dependency-cruiser';

/** Which folder of src/ imports what, as Markdown: the imports that there are, not those that would be allowed. */
export async function importTable() {
  const { output } = await cruise(['src'], {
    tsPreCompilationDeps: true,
    doNotFollow: { path: '(^|/)node_modules/' },
  });
  const rows = new Map();
  for (const { source, dependencies } of output.modules) {
    if (!source.startsWith('src/')) continue;
    const row = rowOf(rows, folderOf(source));
    for (const dependency of dependencies) addDependency(row, dependency);
  }
  return [
    '| folder | imports from src/ | from node and npm |',
    '|---|---|---|',
    ...[...rows].toSorted(byFlow).map(([folder, row]) => line(folder, row)),
  ].join('\n');
}

function rowOf(rows, folder) {
  const row = rows.get(folder) ?? { folder, folders: new Set(), modules: new Set() };
  rows.set(folder, row);
  return row;
}

function addDependency(row, { resolved, module, coreModule }) {
  if (coreModule) row.modules.add(`node:${resolved.replace(/^node:/, '')}`);
  else if (resolved.startsWith('src/')) {
    if (folderOf(resolved) !== row.folder) row.folders.add(folderOf(resolved));
  } else row.modules.add(packageOf(module));
}

/** `src/adapters/oci/client.ts` is of `adapters/oci`: each adapter and each workflow stands alone. */
function folderOf(path) {
  const [, first, second] = path.split('/');
  return (first === 'adapters' || first === 'workflows') && path.split('/').length > 3
    ? `${first}/${second}`
    : first;
}

function packageOf(module) {
  return module.split('/', module.startsWith('@') ? 2 : 1).join('/');
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

function byText(a, b) {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
