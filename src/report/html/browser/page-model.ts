import type { Matrix, PageRow } from '../page-data.ts';

/** The rows to show. -1 and empty texts stand for all. */
export interface Filter {
  /** Words that each stand in the name, the digest, the source or the file. */
  readonly text: string;
  readonly project: number;
  readonly result: number;
  readonly host: string;
  readonly cause: number;
}

export const NO_FILTER: Filter = { text: '', project: -1, result: -1, host: '', cause: -1 };

/** An image at one destination. */
export interface Edge {
  readonly registry: number;
  readonly result: number;
  readonly reason: number;
}

/** Edges with one result for one reason. */
export interface Problem {
  readonly result: string;
  readonly reason: string;
  readonly edges: number;
  /** The first of its rows. */
  readonly row: number;
}

/** Reads the tables of a matrix. Without the DOM. */
export class PageModel {
  readonly matrix: Matrix;
  /** Of each registry. */
  readonly hosts: readonly string[];
  /** The first row of each name. */
  readonly #byName = new Map<string, number>();
  /** Of each row. */
  readonly #texts: readonly string[];

  constructor(matrix: Matrix) {
    this.matrix = matrix;
    this.hosts = matrix.registries.map(([name]) =>
      matrix.kind === 'sides' ? name : (name.split('/', 1)[0] ?? ''),
    );
    this.#texts = matrix.rows.map((row, index) => {
      const name = this.#nameOf(row);
      if (!this.#byName.has(name)) this.#byName.set(name, index);
      const [group, , digest, file] = row;
      const words = [name, matrix.digests[digest], matrix.groups[group]?.[1], matrix.files[file]?.[0]];
      return words.join(' ').toLowerCase();
    });
  }

  /** `image:tag`, or `image@digest` without a tag. */
  nameOf(index: number): string {
    const row = this.matrix.rows[index];
    return row === undefined ? '' : this.#nameOf(row);
  }

  #nameOf([group, tag, digest]: PageRow): string {
    const image = this.matrix.groups[group]?.[0] ?? '';
    return tag === null ? `${image}@${this.matrix.digests[digest]}` : `${image}:${tag}`;
  }

  /** The name; where an earlier row has that name, the full name at the first destination, with the digest. */
  linkOf(index: number): string {
    const name = this.nameOf(index);
    return this.#byName.get(name) === index ? name : (this.#linksOf(index)[0] ?? name);
  }

  /** The row of such a link, or of a full name at any destination; undefined for none. */
  find(link: string): number | undefined {
    const known = this.#byName.get(link);
    if (known !== undefined) return known;
    const found = this.matrix.rows.findIndex((row, index) => {
      const isNamed = link.includes(this.#nameOf(row)); // cheap, and true for few
      return isNamed && this.#linksOf(index).some((full) => full === link || full.startsWith(`${link}@`));
    });
    return found === -1 ? undefined : found;
  }

  /** The full name with the digest at each destination. */
  #linksOf(index: number): readonly string[] {
    const digest = this.matrix.digests[this.matrix.rows[index]?.[2] ?? 0];
    return this.edgesOf(index).map(
      ({ registry }) => `${this.fullName(registry, this.nameOf(index))}@${digest}`,
    );
  }

  fullName(registry: number, name: string): string {
    const path = this.matrix.registries[registry]?.[0] ?? '';
    return `${path}${this.matrix.kind === 'sides' ? ' ' : '/'}${name}`;
  }

  edgesOf(index: number): readonly Edge[] {
    const row = this.matrix.rows[index];
    if (row === undefined) return [];
    const registries = this.matrix.groups[row[0]]?.[2] ?? [];
    const runs = this.matrix.cells[row[5]] ?? [];
    const edges: Edge[] = [];
    for (const [count, result, reason] of runs) {
      for (let left = count; left > 0; left--) {
        const registry = registries[edges.length];
        if (registry !== undefined) edges.push({ registry, result, reason });
      }
    }
    return edges;
  }

  /** The rows that a filter lets through, in order. */
  select(filter: Filter): readonly number[] {
    const words = filter.text
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    const { files, rows } = this.matrix;
    const selected: number[] = [];
    for (const [index, row] of rows.entries()) {
      if (filter.project !== -1 && files[row[3]]?.[1] !== filter.project) continue;
      if (!words.every((word) => this.#texts[index]?.includes(word))) continue;
      if (this.#hasEdge(row, filter)) selected.push(index);
    }
    return selected;
  }

  /** True where one edge has the result, the host and the cause at once. */
  #hasEdge([group, , , , , cells]: PageRow, { result, host, cause }: Filter): boolean {
    if (result === -1 && host === '' && cause === -1) return true;
    const registries = this.matrix.groups[group]?.[2] ?? [];
    let position = 0;
    for (const [count, runResult, reason] of this.matrix.cells[cells] ?? []) {
      const end = position + count;
      const isMeant =
        (result === -1 || runResult === result) &&
        (cause === -1 || this.matrix.reasons[reason]?.[1] === cause);
      if (isMeant && (host === '' || registries.slice(position, end).some((one) => this.hosts[one] === host)))
        return true;
      position = end;
    }
    return false;
  }

  /** The reasons of problems that are none of a host, most edges first. */
  problems(): readonly Problem[] {
    const { rows, cells, results, reasons } = this.matrix;
    const found = new Map<string, Problem>();
    for (const [index, row] of rows.entries()) {
      for (const [count, code, reasonCode] of cells[row[5]] ?? []) {
        const [reason = '', cause = -1] = reasons[reasonCode] ?? [];
        const result = results[code];
        if (result?.kind !== 'problem' || cause !== -1) continue;
        const key = `${code} ${reasonCode}`;
        const known = found.get(key) ?? { result: result.name, reason, edges: 0, row: index };
        found.set(key, { ...known, edges: known.edges + count });
      }
    }
    return Array.from(found.values()).toSorted((a, b) => b.edges - a.edges);
  }

  /** Columns with a registry of the host. */
  columnsAt(host: string): readonly number[] {
    const columns = this.matrix.columns.map((_, column) => column);
    if (host === '') return columns;
    const used = new Set(
      this.matrix.registries.flatMap(([, column], registry) => (this.hosts[registry] === host ? column : [])),
    );
    return columns.filter((column) => used.has(column));
  }
}
