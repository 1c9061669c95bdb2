import type { CommittedFile } from './history.ts';

/**
 * The manifests of a service that lives long: a branch of a git repository, or a directory. Paths are relative to the
 * manifests, with slashes. Every method throws where the source cannot be read, and the reason of an aborted signal.
 */
export interface ManifestSource {
  /** The name of the newest version, for people: a URL with branch and path, or a directory. */
  readonly name: string;
  /** Fetches, and resolves to the newest version: a commit, or the state of a directory. */
  latest(signal: AbortSignal): Promise<SourceVersion>;
  /** The files of a version, and their content. Of the newest version only. */
  read(version: SourceVersion, signal: AbortSignal): Promise<ReadonlyMap<string, CommittedFile>>;
}

export interface SourceVersion {
  /** Equal for equal content. */
  readonly id: string;
  /** The commit; undefined for a directory. */
  readonly commit: string | undefined;
}
