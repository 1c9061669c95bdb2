import { CodedError } from '../base/errors.ts';

/**
 * - `no-repository` the manifests are in no git repository, or there is no git
 * - `no-commit`     a revision that names no commit
 * - `no-age`        a time that is no time, or not in the past
 * - `incomplete`    the clone lacks commits or files that the answer needs
 * - `failed`        git ended with another error
 */
export type HistoryErrorCode = 'no-repository' | 'no-commit' | 'no-age' | 'incomplete' | 'failed';

/** The history of the manifests cannot be read. The message names the remedy. */
export class HistoryError extends CodedError<HistoryErrorCode> {}

/** The full name of a commit; undefined for the time before the first one, when there were no files. */
export type Commit = string | undefined;

/** The commits of a period on the branch that is checked out. */
export interface Period {
  /** Its start: ISO 8601, UTC. */
  readonly from: string;
  /** The state of the manifests before the period, then after each of its commits that touched them. */
  readonly states: readonly Commit[];
}

/** The committed versions of the manifests. Paths are relative to the manifests, with slashes. Throws a `HistoryError`. */
export interface History {
  /** The newest commit that a revision and the one checked out have in common. */
  readonly baseOf: (revision: string, signal: AbortSignal) => Promise<Commit>;
  /** The first parent of the commit that is checked out. */
  readonly parent: (signal: AbortSignal) => Promise<Commit>;
  /** The period from a date or an age, as git reads them, until now. */
  readonly since: (age: string, signal: AbortSignal) => Promise<Period>;
  /** The files and links of a commit, at all depths. */
  readonly list: (commit: Commit, signal: AbortSignal) => Promise<readonly string[]>;
  /** Files of a commit, links followed. A path that leads to no file is left out. */
  readonly read: (
    commit: Commit,
    paths: readonly string[],
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<string, CommittedFile>>;
}

export interface CommittedFile {
  /** Equal for equal content. */
  readonly id: string;
  readonly bytes: Uint8Array;
}
