import { messageOf } from '../base/errors.ts';
import type { Clock } from '../ports/clock.ts';
import { RegistryError } from '../ports/registry-error.ts';
import { isTemporaryStatus } from './attempt.ts';
import { watchUpload } from './bodies/watched-upload.ts';
import { type HttpRequest, type HttpResponse, isStreamBody, type Send } from './request.ts';

/** Requests in a row, each with all its attempts, without one good answer between them. */
const FAILURES = 5;
/** Milliseconds since the first of them: a host that fails at once is soon asked about everything. */
const FAILING_FOR = 60_000;
/** Milliseconds between two requests to a host that is taken to be down. */
const PROBE_EVERY = 10_000;

/**
 * Spares a run the wait for a host that is down: once that is known its requests fail at once, but for one now and
 * then, which finds out whether it is up again.
 *
 * Wraps the retries: what fails here has failed with all its attempts, but for uploads that stream, which have one. Each
 * kind of request is judged by itself: what answers to reads may be mute to writes, and what opens uploads may not take
 * them.
 */
export function withCircuitBreaker(
  inner: Send,
  { clock, onDown }: { clock: Clock; onDown: (what: string, why: string) => void },
): Send {
  const hosts = new Map<string, Health>();
  return async (request) => {
    const what = whatOf(request);
    const health = hosts.get(what) ?? { failures: 0, since: 0, askedAt: 0, why: '' };
    hosts.set(what, health);
    if (isDown(health, clock.monotonic())) {
      if (clock.monotonic() - health.askedAt < PROBE_EVERY) throw notAsked(what, health);
      health.askedAt = clock.monotonic();
    }
    const upload = watchUpload(request);
    const begunAt = clock.monotonic();
    const judge = (why: string | undefined) => {
      const wasDown = isDown(health, clock.monotonic());
      learn(health, { why, begunAt, now: clock.monotonic() });
      if (!wasDown && isDown(health, clock.monotonic())) onDown(what, health.why);
    };
    try {
      const response = await inner(upload.request);
      judge(whyOf(response));
      return response;
    } catch (error) {
      const isOfHost = !isStreamBody(request.body) || upload.isCut();
      if (isOfHost && error instanceof RegistryError && error.temporary) judge(messageOf(error));
      throw error;
    }
  };
}

function whatOf({ method, host, body }: HttpRequest): string {
  if (method === 'GET' || method === 'HEAD') return host;
  return isStreamBody(body) ? `${host} (uploads)` : `${host} (writes)`;
}

interface Health {
  failures: number;
  /** When the first request that failed was begun, in milliseconds of the monotonic clock. */
  since: number;
  /** When it was last asked something, or failed to answer it. */
  askedAt: number;
  why: string;
}

function isDown({ failures, since }: Health, now: number): boolean {
  return failures >= FAILURES && now - since >= FAILING_FOR;
}

function learn(
  health: Health,
  { why, begunAt, now }: { why: string | undefined; begunAt: number; now: number },
): void {
  if (why === undefined) {
    health.failures = 0;
    return;
  }
  if (health.failures === 0) health.since = begunAt;
  health.failures += 1;
  health.why = why;
  health.askedAt = now;
}

function whyOf(response: HttpResponse): string | undefined {
  return isTemporaryStatus(response.status) ? `status ${response.status}` : undefined;
}

function notAsked(host: string, { failures, why }: Health): RegistryError {
  const message = `request not sent: the last ${failures} requests to ${host} failed: ${why}`;
  return new RegistryError('unreachable', message);
}
