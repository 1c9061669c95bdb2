import { CodedError } from '../base/errors.ts';

/**
 * - `no-git`      there is no git in PATH
 * - `no-identity` git has no name or e-mail address for commits
 * - `stale`       the branch was changed by somebody else meanwhile
 * - `failed`      git ended with another error
 */
export type CloneErrorCode = 'no-git' | 'no-identity' | 'stale' | 'failed';

/** A clone cannot be made or pushed. The message names the remedy. */
export class CloneError extends CodedError<CloneErrorCode> {}

/** A branch of another repository, compared with the commit of the clone. */
export interface RemoteBranch {
  readonly tip: string;
  /** The first line of the message of its newest commit. */
  readonly subject: string;
  /** Whether that commit was amended or rebased after it was made. */
  readonly isAmended: boolean;
  /** Whether its newest commit makes the same change to the same content as that of the clone. */
  readonly isSameChange: boolean;
}

export interface BranchPlace {
  readonly url: string;
  readonly branch: string;
}

/** A temporary clone, whose working tree has the newest commit of a branch: the base. Functions throw a `CloneError`. */
export interface Clone {
  readonly directory: string;
  /** Commits one file on top of the base, signed off by the user. The path is relative to the top. */
  readonly commit: (path: string, message: string, signal: AbortSignal) => Promise<void>;
  /** Undefined for a branch that does not exist. */
  readonly readBranch: (
    place: BranchPlace,
    path: string,
    signal: AbortSignal,
  ) => Promise<RemoteBranch | undefined>;
  /** Makes the commit the tip of a branch, if its tip still is the expected one; undefined for a new branch. */
  readonly push: (place: BranchPlace, expected: string | undefined, signal: AbortSignal) => Promise<void>;
  /** Makes the working tree that of the base again. */
  readonly reset: (signal: AbortSignal) => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** A working tree of the user, which is only read. */
export interface Checkout {
  readonly top: string;
  /** The path of a directory within it: empty, or with a slash at its end. */
  readonly prefix: string;
  /** The URL of the remote `upstream`, else of `origin`. */
  readonly remoteUrl: string | undefined;
}
