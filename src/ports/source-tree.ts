/** The version control of the manifests. */
export interface SourceTree {
  /** The state of the tree that the manifests are in; undefined where they are in none, or it cannot be read. Never throws. */
  revision(signal: AbortSignal): Promise<SourceRevision | undefined>;
}

export interface SourceRevision {
  /** The full name of the commit. */
  readonly commit: string;
  /** Whether the manifests differ from the commit. */
  readonly dirty: boolean;
}
