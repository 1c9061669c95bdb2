/** An edge to fold: edges with equal keys differ in their destination alone. */
export interface FoldableEdge<Line> {
  readonly key: string;
  /** The full name at the destination. */
  readonly destination: string;
  /** The full name at the source; null where none is known. */
  readonly source: string | null;
  /** Made for the first edge with the key. */
  readonly makeLine: () => Line;
}

/** Lines of an image that have the same destinations: `REGISTRY/IMAGE` for each of the registries. */
export interface FoldedImage<Line> {
  /** The path that the names at the source and at the destinations end with. */
  readonly image: string;
  readonly registries: readonly string[];
  readonly lines: readonly Line[];
}

/**
 * Folds edges in the order of their images, whatever the order of the edges is. Made for 720,000 of them: repositories
 * are split once, and an edge adds a number to the line that it belongs to.
 */
export function foldEdges<Line>(edges: Iterable<FoldableEdge<Line>>): readonly FoldedImage<Line>[] {
  const repositories = new Repositories();
  const folds = new Map<string, { line: Line; source: string | null; destinations: number[] }>();
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

interface Fold<Line> {
  readonly line: Line;
  readonly source: string | null;
  readonly destinations: readonly number[];
}

function groupByImage<Line>(folds: Iterable<Fold<Line>>, repositories: Repositories): FoldedImage<Line>[] {
  const images = new Map<string, FoldedImage<Line> & { readonly lines: Line[] }>();
  for (const { line, source, destinations } of folds) {
    const key = `${source} ${destinations.join(' ')}`;
    const known = images.get(key);
    if (known !== undefined) known.lines.push(line);
    else
      images.set(key, {
        ...splitNames(
          destinations.map((number) => repositories.names[number] ?? ''),
          source,
        ),
        lines: [line],
      });
  }
  return Array.from(images.values()).toSorted((a, b) => compare(a.image, b.image));
}

/** Images are named without their registries, which only all of their names together tell. */
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

/** Names of repositories, each kept once. */
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

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
