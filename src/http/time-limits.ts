import type { ByteStream } from '../base/byte-stream.ts';
import { MIN_SPEED, TIME_LIMITS } from '../base/limits-and-retries.ts';
import { RegistryError } from '../ports/registry-error.ts';
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

export interface LimitParts {
  readonly request: HttpRequest;
  readonly startTimer: StartTimer;
}

/** Ends a download from a server that sends too slowly. Time in which its reader waits for no bytes is not counted. */
export function limitDownload(stream: ByteStream, parts: LimitParts): ByteStream {
  return limitSpeed(stream, {
    ...parts,
    window: MIN_SPEED.downloadWindow,
    slow: 'source',
    subject: 'the server sends',
    giveUp: (error) => stream.destroy(error),
  });
}

/**
 * Gives up an upload to a server that takes its bytes too slowly. Time without bytes to take is not counted: a server has
 * them between a piece and the request of the next one.
 */
export function limitUpload(
  stream: ByteStream,
  parts: LimitParts & { readonly giveUp: (error: Error) => void },
): ByteStream {
  return limitSpeed(stream, {
    ...parts,
    window: MIN_SPEED.uploadWindow,
    slow: 'sink',
    subject: 'the server takes',
  });
}

interface SpeedLimit extends LimitParts {
  readonly window: number;
  /** The side that is the server. */
  readonly slow: 'source' | 'sink';
  readonly subject: string;
  readonly giveUp: (error: Error) => void;
}

/** Checks the speed over each window. One at whose beginning or end nobody waited for the server does not count. */
function limitSpeed(stream: ByteStream, limit: SpeedLimit): ByteStream {
  const { request, startTimer, window, slow, subject, giveUp } = limit;
  let stop = () => {};
  let taken = 0;
  let awaited: SpeedLimit['slow'] = 'source';
  let awaitedBefore = slow;
  const judge = () => {
    if (awaited === slow && awaitedBefore === slow && taken < (MIN_SPEED.bytesPerSecond * window) / 1000) {
      const message = `${describeRequest(request)}: ${subject} less than ${MIN_SPEED.bytesPerSecond} bytes per second`;
      return giveUp(new RegistryError('unreachable', message, { temporary: true }));
    }
    taken = 0;
    awaitedBefore = awaited;
    stop = startTimer(window, judge);
  };
  return {
    destroy: (error) => {
      stop();
      return stream.destroy(error);
    },
    async *[Symbol.asyncIterator]() {
      stop = startTimer(window, judge);
      try {
        for await (const piece of stream) {
          awaited = 'sink';
          yield piece;
          awaited = 'source';
          taken += piece.length;
        }
      } finally {
        stop();
      }
    },
  };
}
