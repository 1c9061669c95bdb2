import { messageOf } from '../base/errors.ts';
import { CIRCUIT_BREAKER } from '../base/limits-and-retries.ts';
import { getOrMake } from '../base/maps.ts';
import type { Clock } from '../ports/clock.ts';
import { RegistryError } from '../ports/registry-error.ts';
import { watchUpload } from './bodies/watched-upload.ts';
import { type HttpRequest, isRead, isStreamBody, type Send } from './request.ts';
import { isTemporaryStatus } from './retry-classifier.ts';

interface BreakerPorts {
  readonly clock: Clock;
  /** Called when a circuit opens. The circuit is a host, or a host and the kind of request that fails there. */
  readonly onDown: (circuit: string, reason: string) => void;
}

/**
 * Fails requests to a host at once while the host is known to be down, except for occasional probes.
 *
 * Wraps the retries: a request that fails here has failed with all its attempts, or is the stream of an upload, which
 * has one attempt. Reads, writes and uploads have separate circuits, because a host may answer only some of them.
 */
export function withCircuitBreaker(inner: Send, ports: BreakerPorts): Send {
  const circuits = new Map<string, Circuit>();
  return async (request) => {
    const circuit = getOrMake(circuits, circuitOf(request), (name) => new Circuit(name, ports));
    circuit.admit();
    const begunAt = ports.clock.monotonic();
    const upload = isStreamBody(request.body) ? watchUpload(request) : undefined;
    try {
      const response = await inner(upload?.request ?? request);
      if (isTemporaryStatus(response.status)) circuit.fail(`status ${response.status}`, begunAt);
      else circuit.succeed();
      return response;
    } catch (error) {
      const isOfHost = upload?.isCut() ?? true;
      if (isOfHost && error instanceof RegistryError && error.temporary)
        circuit.fail(messageOf(error), begunAt);
      throw error;
    }
  };
}

function circuitOf(request: HttpRequest): string {
  const { host, body } = request;
  if (isRead(request)) return host;
  return isStreamBody(body) ? `${host} (uploads)` : `${host} (writes)`;
}

class Circuit {
  readonly #name: string;
  readonly #ports: BreakerPorts;
  /** Failed requests since the last success, when the first of them began, and the reason of the last. */
  #failures = 0;
  #since = 0;
  #reason = '';
  /** The last probe, or the last failure. */
  #askedAt = 0;

  constructor(name: string, ports: BreakerPorts) {
    this.#name = name;
    this.#ports = ports;
  }

  /** Throws `RegistryError` for a request that is not to be sent. */
  admit(): void {
    if (!this.#isOpen()) return;
    const now = this.#ports.clock.monotonic();
    if (now - this.#askedAt < CIRCUIT_BREAKER.probeInterval) {
      const message = `request not sent: the last ${this.#failures} requests to ${this.#name} failed: ${this.#reason}`;
      throw new RegistryError('unreachable', message);
    }
    this.#askedAt = now;
  }

  succeed(): void {
    this.#failures = 0;
  }

  fail(reason: string, begunAt: number): void {
    const wasOpen = this.#isOpen();
    if (this.#failures === 0) this.#since = begunAt;
    this.#failures += 1;
    this.#reason = reason;
    this.#askedAt = this.#ports.clock.monotonic();
    if (!wasOpen && this.#isOpen()) this.#ports.onDown(this.#name, reason);
  }

  #isOpen(): boolean {
    if (this.#failures < CIRCUIT_BREAKER.failures) return false;
    return this.#ports.clock.monotonic() - this.#since >= CIRCUIT_BREAKER.after;
  }
}
