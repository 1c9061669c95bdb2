import { isAbort } from './errors.ts';

/** An abort that has come between two attempts, or in the middle of one: `cause` is what the attempt before failed with. */
export class GivenUpError extends Error {
  constructor(cause: unknown) {
    super('given up', { cause });
    this.name = 'AbortError'; // it is an abort like any other to whoever does not ask for more
  }
}

/** What to throw where attempts ended with `error` and `failure` was that of the one before, if there was one. */
export function givenUpAfter(failure: unknown, error: unknown, signal: AbortSignal): unknown {
  const isBare = isAbort(error, signal) && !(error instanceof GivenUpError);
  return isBare && failure !== undefined ? new GivenUpError(failure) : error;
}

/** What went wrong before the abort that was thrown; undefined where nothing did. What is no abort went wrong itself. */
export function failureBefore(thrown: unknown, signal: AbortSignal): unknown {
  if (thrown instanceof GivenUpError) return thrown.cause;
  return isAbort(thrown, signal) ? undefined : thrown;
}

/** Of some things that were thrown the one that tells most: the first that is no abort, else one that tells a failure. */
export function mostTelling(thrown: readonly unknown[]): unknown {
  return (
    thrown.find((one) => !isAbort(one)) ?? thrown.find((one) => one instanceof GivenUpError) ?? thrown[0]
  );
}
