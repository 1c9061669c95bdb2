import { CodedError } from '../../base/errors.ts';

/** One thing that is wrong with the files and directories themselves, not with what is written in them. */
export interface LayoutIssue {
  readonly path: string;
  /** What is wrong, what was expected, what to do. One line. */
  readonly message: string;
}

/** The manifests cannot be used at all: a file is missing or unreadable, or the directory is not laid out as it has to be. */
export class LayoutError extends CodedError<'layout-broken' | 'file-unusable'> {
  /** All that was found, in the order of the paths. */
  readonly issues: readonly LayoutIssue[];

  constructor(code: LayoutError['code'], issues: readonly LayoutIssue[]) {
    super(code, issues.map(({ message }) => message).join('\n'));
    this.issues = issues;
  }
}
