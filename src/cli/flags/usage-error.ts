import { InputFault } from '../../base/errors.ts';
import { maskPasswords } from '../../base/text.ts';

/** The command line cannot be used: exit 2. */
export class UsageError extends InputFault<'usage'> {
  constructor(message: string) {
    super('usage', maskPasswords(message));
  }
}

/** Input that the command line names cannot be used: exit 2 as well, without a hint on flags. */
export class InputError extends UsageError {}

/** The exit code for an error that ends the program. */
export function exitCodeOfError(error: unknown): 1 | 2 {
  return error instanceof InputFault ? 2 : 1;
}
