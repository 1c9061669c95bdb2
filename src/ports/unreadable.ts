import type { HostFault } from '../base/host-fault.ts';
import { failureBefore, isAbort, messageOf } from '../base/errors.ts';
import { hostFaultOf } from './registry-error.ts';

/** A registry that gave no usable answer, and why. */
export interface Unreadable {
  readonly kind: 'unreadable';
  readonly reason: string;
  readonly fault?: HostFault | undefined;
}

/** The value of a promise, or `unreadable` with its error; only the reason of an aborted signal is thrown. */
export async function orUnreadable<T>(reading: Promise<T>, signal: AbortSignal): Promise<T | Unreadable> {
  try {
    return await reading;
  } catch (error) {
    if (signal.aborted || isAbort(error, signal)) throw error;
    return { kind: 'unreadable', reason: messageOf(error), fault: hostFaultOf(error) };
  }
}

/** The same; a failure before the abort is a value too, so that a stopped run can report it. */
export async function orGivenUp<T>(reading: Promise<T>, signal: AbortSignal): Promise<T | Unreadable> {
  try {
    return await orUnreadable(reading, signal);
  } catch (error) {
    const failure = failureBefore(error, signal);
    if (failure === undefined) throw error;
    const reason = `the run was stopped before there was an answer; the last attempt had failed: ${messageOf(failure)}`;
    return { kind: 'unreadable', reason, fault: hostFaultOf(failure) };
  }
}
