/**
 * The base class of every error that this program throws on purpose.
 *
 * `code` is a closed union of the throwing module, so that callers switch on it and never on text; `cause` is the error
 * that led to it. Messages are lower case, without a full stop, and name the failure, the expectation and the remedy.
 */
export abstract class CodedError<Code extends string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Input that the command line names cannot be used: the program ends with exit code 2. */
export abstract class InputFault<Code extends string> extends CodedError<Code> {}

/** The message of anything that was thrown, never empty. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message || thrown.name;
  return String(thrown);
}

/** True for the error of an aborted signal, whatever its reason. */
export function isAbort(thrown: unknown, signal?: AbortSignal): boolean {
  if (signal?.aborted && thrown === signal.reason) return true;
  return thrown instanceof Error && (thrown.name === 'AbortError' || thrown.name === 'TimeoutError');
}

/** Ends a `switch` over a closed union: it does not compile when a member is forgotten. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}

/** An abort between two attempts, or during one: `cause` is the failure of the attempt before. */
export class AbortedError extends Error {
  constructor(cause: unknown) {
    super('aborted', { cause });
    this.name = 'AbortError'; // for callers that do not ask for more, it is an abort like any other
  }
}

/** The error to throw where attempts ended with `error`, and `failure` was that of the attempt before, if any. */
export function abortedAfter(failure: unknown, error: unknown, signal: AbortSignal): unknown {
  const isBare = isAbort(error, signal) && !(error instanceof AbortedError);
  return isBare && failure !== undefined ? new AbortedError(failure) : error;
}

/** The failure before an abort, or the error itself where it is no abort; undefined for an abort without a failure. */
export function failureBefore(thrown: unknown, signal: AbortSignal): unknown {
  if (thrown instanceof AbortedError) return thrown.cause;
  return isAbort(thrown, signal) ? undefined : thrown;
}

/** Of several errors the first that is no abort, else the first abort with a failure before it. */
export function mostInformative(thrown: readonly unknown[]): unknown {
  return (
    thrown.find((one) => !isAbort(one)) ?? thrown.find((one) => one instanceof AbortedError) ?? thrown[0]
  );
}
