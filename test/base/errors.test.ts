import { describe, expect, it } from 'vitest';
import {
  abortedAfter,
  AbortedError,
  failureBefore,
  isAbort,
  mostInformative,
} from '../../src/base/errors.ts';

const FAILURE = new Error('connection lost');
const REASON = new Error('enough');
const OTHER = new Error('disk full');

function aborted(): AbortSignal {
  return AbortSignal.abort(REASON);
}

describe('attempts that an abort has ended', () => {
  it('are an abort like any other, which tells what the attempt before failed with', () => {
    const thrown = abortedAfter(FAILURE, REASON, aborted());
    expect(isAbort(thrown)).toBe(true);
    expect(failureBefore(thrown, aborted())).toBe(FAILURE);
  });

  it('tell nothing where no attempt had failed', () => {
    expect(abortedAfter(undefined, REASON, aborted())).toBe(REASON);
    expect(failureBefore(REASON, aborted())).toBeUndefined();
  });

  it('tell the failure that was nearest to the abort', () => {
    const thrown = abortedAfter(FAILURE, REASON, aborted());
    expect(abortedAfter(OTHER, thrown, aborted())).toBe(thrown);
  });
});

describe('attempts that ended otherwise', () => {
  it('failed with what the last one failed with', () => {
    const { signal } = new AbortController();
    expect(abortedAfter(FAILURE, OTHER, signal)).toBe(OTHER);
    expect(failureBefore(OTHER, signal)).toBe(OTHER);
  });
});

describe('of several things that were thrown', () => {
  const bare = new DOMException('stop', 'AbortError');
  const telling = new AbortedError(FAILURE);

  it.each<[string, readonly unknown[], unknown]>([
    ['the first that is no abort', [bare, telling, OTHER, FAILURE], OTHER],
    ['else an abort that tells a failure', [bare, telling], telling],
    ['else the first', [bare, new DOMException('stop too', 'AbortError')], bare],
  ])('%s tells most', (_which, thrown, expected) => {
    expect(mostInformative(thrown)).toBe(expected);
  });
});
