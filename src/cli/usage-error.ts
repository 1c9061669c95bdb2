import { CodedError } from '../base/errors.ts';

/** The command line cannot be used: exit 2. */
export class UsageError extends CodedError<'usage'> {
  constructor(message: string) {
    super('usage', message);
  }
}
