import { CodedError } from '../../base/errors.ts';
import { maskPasswords } from '../../base/text.ts';
import { MergeError } from '../../report/check-shards.ts';
import { DiffError } from '../../workflows/diff/diff.ts';

/** The command line cannot be used: exit 2. */
export class UsageError extends CodedError<'usage'> {
  constructor(message: string) {
    super('usage', maskPasswords(message));
  }
}

/** Input that the command line names cannot be used: exit 2 as well, without a hint on flags. */
export class InputError extends UsageError {}

/** The exit code of a program that ends with this error. */
export function exitCodeOfError(error: unknown): 1 | 2 {
  const isOfInput = [UsageError, DiffError, MergeError].some((kind) => error instanceof kind);
  return isOfInput ? 2 : 1;
}
