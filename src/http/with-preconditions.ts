import { type Send, writtenAt } from './request.ts';

/**
 * Asks for the precondition of a write right before each time that the write goes out, with the same credentials: a
 * registry may hide from the anonymous what it lets others replace.
 */
export function withPreconditions(inner: Send): Send {
  return async (request) => {
    const { authorization } = request.headers;
    const send: Send = (read) =>
      inner(authorization === undefined ? read : { ...read, headers: { ...read.headers, authorization } });
    const state = (await request.precondition?.(send)) ?? 'free';
    if (state === 'free') return inner(request);
    return state === 'done' ? writtenAt(request.url) : state;
  };
}
