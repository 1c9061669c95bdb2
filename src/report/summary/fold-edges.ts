import { sortedBy } from '../../base/sorted.ts';

/** An edge to fold: edges with equal keys differ only in their destination. */
export interface FoldableEdge<Line> {
  readonly key: string;
  /** The destination repository. */
  readonly destination: string;
  /** The source repository; null if none is known. */
  readonly source: string | null;
  /** Called for the first edge of a key. */
  readonly makeLine: () => Line;
}

/** The lines of an image with the same destinations: `REGISTRY/IMAGE` for each registry. */
export interface FoldedImage<Line> {
  /** The common end of the source and destination repositories. */
  readonly image: string;
  readonly registries: readonly string[];
  readonly lines: readonly Line[];
}

interface Fold<Line> {
  readonly line: Line;
  readonly source: string | null;
  /** Numbers of repositories. */
  readonly destinations: number[];
}

/** Folds edges, sorted by image. Repositories are kept as numbers, because a report may have 720,000 edges. */
export function foldEdges<Line>(edges: Iterable<FoldableEdge<Line>>): readonly FoldedImage<Line>[] {
  const repositories = new Repositories();
  const folds = new Map<string, Fold<Line>>();
  for (const { key, destination, source, makeLine } of edges) {
    let fold = folds.get(key);
    if (fold === undefined) {
      fold = { line: makeLine(), source, destinations: [] };
      folds.set(key, fold);
    }
    fold.destinations.push(repositories.numberOf(destination));
  }
  return groupByImage(folds.values(), repositories);
}

function groupByImage<Line>(folds: Iterable<Fold<Line>>, repositories: Repositories): FoldedImage<Line>[] {
  const images = new Map<string, FoldedImage<Line> & { readonly lines: Line[] }>();
  for (const { line, source, destinations } of folds) {
    const key = `${source} ${destinations.join(' ')}`;
    const known = images.get(key);
    if (known !== undefined) known.lines.push(line);
    else {
      const names = destinations.map((number) => repositories.names[number] ?? '');
      images.set(key, { ...splitNames(names, source), lines: [line] });
    }
  }
  return sortedBy(images.values(), ({ image }) => image);
}

/** Splits names into registries and the image: the path that they have in common. */
function splitNames(
  names: readonly string[],
  source: string | null,
): Pick<FoldedImage<never>, 'image' | 'registries'> {
  const image = commonPathOf(source === null ? names : [...names, source]);
  return { image, registries: names.map((name) => name.slice(0, -(image.length + 1))) };
}

/** The last path components that all of the names share, without a host; at least the last one of the first. */
function commonPathOf(names: readonly string[]): string {
  const [first = [], ...others] = names.map((name) => name.split('/').slice(1).toReversed());
  const differs = first.findIndex((part, index) => others.some((other) => other[index] !== part));
  const shared = differs === -1 ? first.length : differs;
  return first.slice(0, Math.max(1, shared)).toReversed().join('/');
}

/** Numbers repositories in the order of their first use. */
class Repositories {
  readonly names: string[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.names.push(name) - 1;
      this.#numbers.set(name, number);
    }
    return number;
  }
}
