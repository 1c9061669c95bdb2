import { byText, readImports } from './read-imports.js';

/**
 * The folders of src/ and their imports as a Mermaid graph. An arrow that a longer path implies is left out. Throws
 * where the arrows form a circle.
 */
export async function folderPicture() {
  const graph = groupFolders(await readImports());
  const reachable = new Map();
  for (const folder of graph.keys()) collectReachable(folder, { graph, reachable, path: [] });
  const lines = [...graph.keys()].toSorted(byText).flatMap((folder) => {
    const id = idOf(folder);
    const arrows = directOf(folder, { graph, reachable }).map((target) => `  ${id} --> ${idOf(target)}`);
    return [`  ${id}["${folder}"]`, ...arrows];
  });
  return ['```mermaid', 'graph TD', ...lines, '```'].join('\n');
}

/** All adapters are one node, and all workflows: none imports another of its kind. */
function groupFolders(rows) {
  const graph = new Map();
  for (const { folder, folders } of rows.values()) {
    const targets = graph.get(groupOf(folder)) ?? new Set();
    graph.set(groupOf(folder), targets);
    for (const target of folders) targets.add(groupOf(target));
  }
  return graph;
}

function groupOf(folder) {
  return folder.replace(/^(adapters|workflows)\/.*/, '$1/*');
}

function collectReachable(folder, { graph, reachable, path }) {
  if (path.includes(folder)) throw new Error(`imports form a circle: ${[...path, folder].join(' → ')}`);
  const known = reachable.get(folder);
  if (known !== undefined) return known;
  const all = new Set();
  for (const target of graph.get(folder) ?? []) {
    all.add(target);
    const inner = collectReachable(target, { graph, reachable, path: [...path, folder] });
    for (const further of inner) all.add(further);
  }
  reachable.set(folder, all);
  return all;
}

function directOf(folder, { graph, reachable }) {
  const targets = [...(graph.get(folder) ?? [])];
  return targets
    .filter((target) => !targets.some((other) => reachable.get(other)?.has(target)))
    .toSorted(byText);
}

function idOf(folder) {
  return folder.replace(/\.ts$/, '').replace(/\W+$/, '').replaceAll(/\W/g, '_');
}
