import { CodedError } from '../../base/errors.ts';
import { maskPasswords } from '../../base/text.ts';
import { DiffError } from '../../workflows/diff/diff.ts';

/** The command line cannot be used: exit 2. */
export class UsageError extends CodedError<'usage'> {
  constructor(message: string) {
    super('usage', maskPasswords(message));
  }
}

/** What the command line leads to cannot be used: exit 2 as well, and no flag is to blame. */
export class InputError extends UsageError {}

/** The exit code of a program that ends with this error. */
export function exitCodeOfError(error: unknown): 1 | 2 {
  return error instanceof UsageError || error instanceof DiffError ? 2 : 1;
}
