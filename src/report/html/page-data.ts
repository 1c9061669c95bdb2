/**
 * The data of a page, as its script reads it: plain JSON without repetitions, in which numbers are indices of tables.
 * Every text is shown as text, never as markup.
 */
export interface PageData {
  readonly title: string;
  /** The result in one sentence. */
  readonly verdict: string;
  /** False where something needs attention. */
  readonly isGood: boolean;
  readonly facts: readonly Fact[];
  /** Above the matrix: its subject, and the edges that it does not list. */
  readonly note: string;
  readonly matrix: Matrix;
  readonly causes: readonly PageCause[];
  readonly tables: readonly PageTable[];
}

export type Fact = readonly [name: string, value: string];

/** Images × destinations. */
export interface Matrix {
  /** `sides`: the two sides of a comparison, whose images are named without a registry. */
  readonly kind: 'destinations' | 'sides';
  /** In the order of the codes that cells have. */
  readonly results: readonly PageResult[];
  readonly columns: readonly string[];
  readonly registries: readonly PageRegistry[];
  readonly groups: readonly ImageGroup[];
  readonly projects: readonly string[];
  readonly files: readonly (readonly [name: string, project: number])[];
  readonly digests: readonly string[];
  readonly reasons: readonly PageReason[];
  readonly cells: readonly (readonly Run[])[];
  readonly rows: readonly PageRow[];
}

/** A decision, or the result of a write. */
export interface PageResult {
  readonly name: string;
  readonly kind: 'done' | 'write' | 'problem';
  /** Edges of the matrix. */
  readonly edges: number;
  readonly meaning: string;
}

/** `host/path` without the name of the image. */
export type PageRegistry = readonly [name: string, column: number];

/** Images of one name with the same source and destinations. The source is empty where none is known. */
export type ImageGroup = readonly [image: string, source: string, registries: readonly number[]];

/** The cause is -1 for a reason of the image itself. */
export type PageReason = readonly [text: string, cause: number];

/** Neighbours in the order of the registries of a group, with the same result for the same reason. */
export type Run = readonly [edges: number, result: number, reason: number];

/** An image under one tag. The place is `line:column`; the tag is null for a digest without tags. */
export type PageRow = readonly [
  group: number,
  tag: string | null,
  digest: number,
  file: number,
  place: string,
  cells: number,
];

export interface PageCause {
  readonly title: string;
  readonly text: string;
}

export interface PageTable {
  readonly title: string;
  readonly note: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}
