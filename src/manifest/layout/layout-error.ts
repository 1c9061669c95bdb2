import { CodedError } from '../../base/errors.ts';

/** One fault of the files and directories themselves, not of their content. */
export interface LayoutIssue {
  readonly path: string;
  /** The fault, the expectation and the remedy, in one line. */
  readonly message: string;
}

/** The manifests cannot be used at all: a file is missing or unreadable, or the directory has another layout. */
export class LayoutError extends CodedError<'layout-broken' | 'file-unusable'> {
  /** All faults, sorted by path. */
  readonly issues: readonly LayoutIssue[];

  constructor(code: LayoutError['code'], issues: readonly LayoutIssue[]) {
    super(code, issues.map(({ message }) => message).join('\n'));
    this.issues = issues;
  }
}
