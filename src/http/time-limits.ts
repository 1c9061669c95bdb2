import type { Readable } from 'node:stream';
import { MIN_SPEED, TIME_LIMITS } from '../base/limits-and-retries.ts';
import { RegistryError } from '../ports/registry-error.ts';
import type { ResponseStream } from './bodies/response-stream.ts';
import { describeRequest, type HttpRequest } from './request.ts';

/** Calls `act` once after some milliseconds. The returned function cancels the timer. */
export type StartTimer = (milliseconds: number, act: () => void) => () => void;

export const systemTimer: StartTimer = (milliseconds, act) => {
  const timer = setTimeout(act, milliseconds).unref();
  return () => clearTimeout(timer);
};

/** Milliseconds. */
export function totalLimitOf({ totalLimit = TIME_LIMITS.wholeAnswer }: HttpRequest): number {
  return totalLimit;
}

export function tooLate(request: HttpRequest): RegistryError {
  const limit = totalLimitOf(request) / 1000;
  const message = `${describeRequest(request)}: the answer was not complete after ${limit} s`;
  return new RegistryError('unreachable', message, { temporary: true });
}

/** The error of a first response that did not begin in time. */
export function notBegun(request: HttpRequest): RegistryError {
  const message = `${describeRequest(request)}: it took the request and did not answer in time`;
  return new RegistryError('unreachable', message, { temporary: true });
}

/** Ends a download from a server that sends too slowly. Time in which the reader does not read is not counted. */
export function limitDownload(stream: ResponseStream, parts: LimitParts): void {
  watch(stream, {
    ...parts,
    window: MIN_SPEED.downloadWindow,
    count: () => stream.received,
    isOthersFault: () => stream.readableLength > 0,
    subject: 'the server sends',
  });
}

/** Ends an upload to a server that reads too slowly. Time without bytes to send is not counted. */
export function limitUpload(stream: Readable, parts: LimitParts): void {
  let taken = 0;
  stream.on('data', (piece: Buffer) => {
    taken += piece.length;
  });
  stream.pause(); // its reader starts it
  watch(stream, {
    ...parts,
    window: MIN_SPEED.uploadWindow,
    count: () => taken,
    isOthersFault: () => stream.readableLength === 0,
    subject: 'the server takes',
  });
}

export interface LimitParts {
  readonly request: HttpRequest;
  readonly startTimer: StartTimer;
}

interface Watch extends LimitParts {
  readonly window: number;
  /** Bytes so far. */
  readonly count: () => number;
  readonly isOthersFault: () => boolean;
  readonly subject: string;
}

function watch(
  stream: Readable,
  { request, startTimer, window, count, isOthersFault, subject }: Watch,
): void {
  let before = 0;
  let stop = startTimer(window, judge);
  function judge(): void {
    if (count() - before < (MIN_SPEED.bytesPerSecond * window) / 1000 && !isOthersFault()) {
      const message = `${describeRequest(request)}: ${subject} less than ${MIN_SPEED.bytesPerSecond} bytes per second`;
      stream.destroy(new RegistryError('unreachable', message, { temporary: true }));
      return;
    }
    before = count();
    stop = startTimer(window, judge);
  }
  stream.once('end', () => stop());
  stream.once('close', () => stop());
}
