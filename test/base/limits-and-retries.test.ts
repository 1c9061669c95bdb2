// The header of limits-and-retries.ts explains how its numbers multiply, and must stay true.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Backoff, type Failure, NO_ANSWER } from '../../src/base/backoff.ts';
import {
  CIRCUIT_BREAKER,
  CONNECTIONS,
  FIRST_CONTACT,
  HOST_DOWN,
  MIN_SPEED,
  REPETITIONS,
  REQUEST_RETRY,
  RESUMPTION,
  TIME_LIMITS,
  UPLOAD_RETRY,
} from '../../src/base/limits-and-retries.ts';
import { repositoryRoot } from '../doubles/tools.ts';

const FILE = readFileSync(join(repositoryRoot(), 'src/base/limits-and-retries.ts'), 'utf8');
const EXPLANATION = FILE.slice(0, FILE.indexOf('/**')).replaceAll(/\n?\/\/ */g, ' ');

/** Seconds. */
function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} s`;
}

interface Run {
  /** Milliseconds of each attempt. */
  readonly attempt: number;
  readonly failure: Failure;
  /** The random number of each delay: 0 for the shortest ones, 1 for the longest. */
  readonly random: number;
}

/** Attempts until there is no other, and their time. */
function exhaust({ attempt, failure, random }: Run, policy = REQUEST_RETRY) {
  let now = 0;
  const backoff = new Backoff({ monotonic: () => now, random: () => random }, policy);
  for (let attempts = 1; ; attempts++) {
    now += attempt;
    const delay = backoff.delayAfter(failure);
    if (delay === undefined) return { attempts, time: now };
    now += delay;
  }
}

const DEFAULT_THREADS = 50;

describe('the explanation of the limits', () => {
  const { answer, connect, tunnel, wholeAnswer } = TIME_LIMITS;
  const lost = [0, 1].map((random) => exhaust({ attempt: 0, failure: NO_ANSWER, random: random }));
  const refusal = { status: 429, retryAfter: undefined };
  const refused = [0, 1].map((random) => exhaust({ attempt: 0, failure: refusal, random: random }));
  const stalled = exhaust({ attempt: MIN_SPEED.uploadWindow, failure: NO_ANSWER, random: 1 }, UPLOAD_RETRY);
  const timeOf = (attempt: number) => {
    const { attempts, time } = exhaust({ attempt, failure: NO_ANSWER, random: 1 });
    const delays = time - attempts * attempt;
    return `${attempts} attempts of ${seconds(attempt)} and ${seconds(delays)} of delays, ${seconds(time)}`;
  };
  const messages = REPETITIONS.credentials * (REPETITIONS.redirects + 1);
  const { perHost, perLoneHost, spareThreads } = CONNECTIONS;
  const alone = Math.min(perLoneHost, DEFAULT_THREADS - spareThreads);

  it.each([
    `sends at most ${messages} messages: ${REPETITIONS.credentials} with other credentials, each over up to ${REPETITIONS.redirects} redirects`,
    `after ${seconds(answer)} if the host accepts the request and does not answer, after ${seconds(connect)} if it accepts no connection`,
    `${seconds(connect + tunnel + connect)} through a tunnel of a proxy`,
    `after ${seconds(wholeAnswer)} if an answer that is read whole is not complete`,
    `a silent host: ${timeOf(answer)}`,
    `a host that accepts no connections: ${timeOf(connect)}`,
    `the slowest complete answers: ${timeOf(wholeAnswer)}`,
    `${lost[1]?.attempts} to ${lost[0]?.attempts} attempts within ${seconds(REQUEST_RETRY.outage + REQUEST_RETRY.maxDelay)}`,
    `at most ${1000 / HOST_DOWN.probeInterval} requests per second to a host that is down`,
    `never answered: reads fail after ${seconds(FIRST_CONTACT.limit + FIRST_CONTACT.minAttempt)}`,
    `${refused[1]?.attempts} to ${refused[0]?.attempts} attempts within ${seconds(REQUEST_RETRY.patience)}`,
    `one Retry-After of up to ${seconds(REQUEST_RETRY.longestWait)} is obeyed`,
    `A host that fails for ${seconds(CIRCUIT_BREAKER.after)} and fails ${CIRCUIT_BREAKER.failures} requests of a kind in a row`,
    `one every ${seconds(CIRCUIT_BREAKER.probeInterval)} excepted`,
    `costs ${timeOf(MIN_SPEED.uploadWindow)}; from ${CIRCUIT_BREAKER.failures} blobs on the circuit breaker ends the others after the first ${seconds(MIN_SPEED.uploadWindow)}`,
    `whenever an upload has come ${RESUMPTION.progressBytes / 1024 / 1024} MiB further`,
    `min(T, ${perHost}) at each host, or up to ${perLoneHost} while ${spareThreads} threads are free for other hosts`,
    `with the default of ${DEFAULT_THREADS} threads a host sees at most ${alone + Math.min(DEFAULT_THREADS, perHost)} connections`,
  ])('says: %s', (sentence) => {
    expect(EXPLANATION).toContain(sentence);
  });

  it('holds for uploads as well, which have as many attempts', () => {
    expect(stalled).toEqual(exhaust({ attempt: MIN_SPEED.uploadWindow, failure: NO_ANSWER, random: 1 }));
  });

  it('bounds the time of an outage', () => {
    for (const { time } of lost) {
      expect(time).toBeLessThanOrEqual(REQUEST_RETRY.outage + REQUEST_RETRY.maxDelay);
    }
    for (const { time } of refused) expect(time).toBeLessThanOrEqual(REQUEST_RETRY.patience);
  });
});

it('a single request to a host that is down is never held back: its shortest delay is as long as a probe interval', () => {
  expect(HOST_DOWN.probeInterval).toBeLessThanOrEqual(REQUEST_RETRY.firstDelay / 2);
});
