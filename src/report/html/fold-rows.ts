import { needsAttention } from '../exit-code.ts';
import type { Report, ReportItem } from '../report.ts';
import { type FoldableEdge, type FoldedImage, foldEdges } from '../summary/fold-edges.ts';
import { resultIn } from '../summary/fold-items.ts';
import { parseEdgeId, sourceOf, withoutRepository } from '../summary/parse-edge-id.ts';
import { plainReason } from '../summary/plain-reason.ts';
import { Interner } from './interner.ts';
import type { PageCause, PageReason, PageResult, Run } from './page-data.ts';

/** An image under one tag, at all of its destinations: their results in the order of the registries. */
export interface ImageLine {
  readonly tag: string | null;
  readonly digest: string;
  /** The repository that it is read from; null where none is known. */
  readonly source: string | null;
  readonly at: string;
  readonly runs: readonly Run[];
}

/** The rows of a matrix, and the tables that their runs refer to. */
export interface FoldedRows {
  readonly images: readonly FoldedImage<ImageLine>[];
  readonly results: readonly Pick<PageResult, 'name' | 'kind' | 'edges'>[];
  readonly reasons: readonly PageReason[];
}

interface FoldOptions {
  readonly mode: Report['mode'];
  /** In the order of the page, by the id that items have. */
  readonly causes: ReadonlyMap<string, PageCause>;
}

/** The edges of a report by image and tag, whatever their results are, and its malformed entries. */
export function foldRows(
  items: Iterable<ReportItem>,
  options: FoldOptions,
): FoldedRows & { readonly malformed: readonly ReportItem[] } {
  const malformed: ReportItem[] = [];
  const tables = new RunTables(options);
  const images = foldEdges(foldable(items, { tables, malformed }));
  return { images, results: tables.results, reasons: tables.reasons, malformed };
}

/** `foldEdges` keeps the order of the edges of a row, so the runs are in the order of its registries. */
function* foldable(
  items: Iterable<ReportItem>,
  { tables, malformed }: { readonly tables: RunTables; readonly malformed: ReportItem[] },
): Generator<FoldableEdge<ImageLine>> {
  const lines = new Map<string, GrowingLine>();
  for (const item of items) {
    const { destination, at } = item;
    if (destination === null) {
      malformed.push(item);
      continue;
    }
    const { repository, tag } = parseEdgeId(destination);
    const digest = item.digest ?? '';
    const source = sourceOf(item);
    const name = repository.slice(repository.lastIndexOf('/'));
    const key = `${name} ${at} ${tag} ${digest}`;
    const line = lines.get(key) ?? { tag, digest, source, at, runs: [], reasons: new Map() };
    lines.set(key, line);
    tables.append(line, item, repository);
    yield { key, destination: repository, source, makeLine: () => line };
  }
}

interface GrowingLine extends ImageLine {
  readonly runs: Run[];
  /** Indices by reasons without the repository: of equal ones the first is shown. */
  readonly reasons: Map<string, number>;
}

class RunTables {
  readonly #options: FoldOptions;
  readonly #causes: readonly string[];
  readonly #results = new Interner<{
    readonly name: string;
    readonly kind: PageResult['kind'];
    edges: number;
  }>();
  readonly #reasons = new Interner<PageReason>();

  constructor(options: FoldOptions) {
    this.#options = options;
    this.#causes = Array.from(options.causes.keys());
  }

  get results(): FoldedRows['results'] {
    return this.#results.values;
  }

  get reasons(): readonly PageReason[] {
    return this.#reasons.values;
  }

  /** Adds an edge to a line. */
  append(line: GrowingLine, item: ReportItem, repository: string): void {
    const { mode } = this.#options;
    const name = resultIn(item, mode);
    const result = this.#results.indexOf(name, () => ({ name, kind: kindOf(item, mode), edges: 0 }));
    const counted = this.#results.values[result];
    if (counted !== undefined) counted.edges += 1;
    const reason = this.#reasonOf(line, item, repository);
    const last = line.runs.at(-1);
    if (last?.[1] === result && last[2] === reason)
      line.runs[line.runs.length - 1] = [last[0] + 1, result, reason];
    else line.runs.push([1, result, reason]);
  }

  #reasonOf({ reasons }: GrowingLine, item: ReportItem, repository: string): number {
    const cause = this.#options.causes.get(item.cause ?? '');
    if (cause !== undefined)
      return this.#reasons.indexOf(`cause ${item.cause}`, () => [
        cause.text,
        this.#causes.indexOf(item.cause ?? ''),
      ]);
    const text = plainReason(item);
    const key = withoutRepository(text, repository);
    const known = reasons.get(key) ?? this.#reasons.indexOf(`reason ${text}`, () => [text, -1]);
    reasons.set(key, known);
    return known;
  }
}

function kindOf(item: ReportItem, mode: Report['mode']): PageResult['kind'] {
  if (needsAttention(item, mode)) return 'problem';
  const result = resultIn(item, mode);
  return result === 'copy' || result === 'add-tag' ? 'write' : 'done';
}
