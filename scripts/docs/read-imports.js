import { cruise } from 'dependency-cruiser';

/** The folders of src/ with the folders and modules that each imports: as it is, not as it may be. */
export async function readImports() {
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
  return rows;
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

/** `src/adapters/oci/client.ts` belongs to `adapters/oci`: each adapter and each workflow stands alone. */
function folderOf(path) {
  const [, first, second] = path.split('/');
  return (first === 'adapters' || first === 'workflows') && path.split('/').length > 3
    ? `${first}/${second}`
    : first;
}

function packageOf(module) {
  return module.split('/', module.startsWith('@') ? 2 : 1).join('/');
}

export function byText(a, b) {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
