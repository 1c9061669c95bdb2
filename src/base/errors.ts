/**
 * The one base of every error this program throws on purpose.
 *
 * `code` is a closed union chosen by the module that throws, so that callers switch on it and never on text;
 * `cause` is what led to it. Messages are lower case, without a full stop, and say what failed, what was expected
 * and what to do.
 */
export abstract class CodedError<Code extends string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The message of anything that was thrown, never empty. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message || thrown.name;
  return String(thrown);
}

/** True for what an aborted signal throws, whatever reason it carries. */
export function isAbort(thrown: unknown, signal?: AbortSignal): boolean {
  if (signal?.aborted && thrown === signal.reason) return true;
  return thrown instanceof Error && (thrown.name === 'AbortError' || thrown.name === 'TimeoutError');
}
