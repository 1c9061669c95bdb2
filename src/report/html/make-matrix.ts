import { sortedBy } from '../../base/sorted.ts';
import { meaningOf } from '../render-text.ts';
import type { FoldedRows } from './fold-rows.ts';
import { Interner, TextTable } from './interner.ts';
import type { ImageGroup, Matrix, PageRow, Run } from './page-data.ts';

/** Registries that have a column each; of more, a host has one. */
const MAX_REGISTRIES = 40;
/** Hosts that have a column each; the others share the last one. */
const MAX_HOSTS = 60;

/** The matrix of folded edges, as compact as its JSON can be. */
export function makeMatrix({ images, results, reasons }: FoldedRows, kind: Matrix['kind']): Matrix {
  const registries = new TextTable();
  const projects = new TextTable();
  const files = new Interner<readonly [string, number]>();
  const digests = new TextTable();
  const cells = new Interner<readonly Run[]>();
  const groups: ImageGroup[] = [];
  const rows: PageRow[] = [];
  for (const { image, registries: names, lines } of images) {
    const source = lines[0]?.source ?? '';
    const group = groups.push([image, source, names.map((name) => registries.add(name))]) - 1;
    for (const { tag, digest, at, runs } of lines) {
      const { file, place } = splitPlace(at);
      const fileIndex = files.indexOf(file, () => [file, projects.add(projectOf(file))]);
      rows.push([
        group,
        tag,
        digests.add(digest),
        fileIndex,
        place,
        cells.indexOf(JSON.stringify(runs), () => runs),
      ]);
    }
  }
  const columnNames = registries.values.map(columnsFor(registries.values, kind));
  const columns = orderOf(columnNames, kind);
  return {
    kind,
    results: results.map((result) => ({ ...result, meaning: meaningOf(result.name) })),
    columns,
    registries: registries.values.map((name, index) => [name, columns.indexOf(columnNames[index] ?? '')]),
    groups,
    projects: projects.values,
    files: files.values,
    digests: digests.values,
    reasons,
    cells: cells.values,
    rows,
  };
}

/** The name of the column that a registry is in. */
function columnsFor(registries: readonly string[], kind: Matrix['kind']): (registry: string) => string {
  const hosts = new Set(registries.map(hostOf));
  const haveOneEach = registries.length > hosts.size && registries.length <= MAX_REGISTRIES;
  if (haveOneEach || kind === 'sides') return (registry) => registry;
  const shown = new Set(Array.from(hosts).toSorted().slice(0, MAX_HOSTS));
  return (registry) => (shown.has(hostOf(registry)) ? hostOf(registry) : OTHERS);
}

const OTHERS = 'other hosts';

function orderOf(names: readonly string[], kind: Matrix['kind']): readonly string[] {
  const different = Array.from(new Set(names));
  return kind === 'sides' ? different : sortedBy(different, (name) => (name === OTHERS ? '~' : name));
}

function hostOf(registry: string): string {
  return registry.split('/', 1)[0] ?? '';
}

/** The first file of a place, and all that follows it. */
function splitPlace(at: string): { readonly file: string; readonly place: string } {
  const start = at.search(/:\d+:\d/);
  return start === -1 ? { file: at, place: '' } : { file: at.slice(0, start), place: at.slice(start + 1) };
}

/** The directory of a thin manifest; the file itself of any other. */
function projectOf(file: string): string {
  const parts = file.split('/');
  const root = parts.slice(0, -2).findLastIndex((part) => part === 'images' || part === 'manifests');
  return root === -1 ? file : parts.slice(root + 1, -1).join('/');
}
