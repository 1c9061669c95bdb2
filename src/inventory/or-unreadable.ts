import { isAbort, messageOf } from '../base/errors.ts';
import type { Unreadable } from './inventory.ts';

/** Makes a value of a registry that does not answer; only what an aborted signal throws goes on. */
export async function orUnreadable<T>(reading: Promise<T>, signal: AbortSignal): Promise<T | Unreadable> {
  try {
    return await reading;
  } catch (error) {
    if (signal.aborted || isAbort(error, signal)) throw error;
    return { kind: 'unreadable', reason: messageOf(error) };
  }
}
