import { Circuit } from '../base/circuit.ts';
import { messageOf } from '../base/errors.ts';
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
  const circuits = new Map<string, Circuit<string>>();
  return async (request) => {
    const name = circuitOf(request);
    const circuit = getOrMake(circuits, name, () => new Circuit<string>(ports.clock));
    refuseIfOpen(name, circuit);
    const startedAt = circuit.start();
    const fail = (reason: string) => circuit.fail(reason, startedAt) && ports.onDown(name, reason);
    const upload = isStreamBody(request.body) ? watchUpload(request) : undefined;
    try {
      const response = await inner(upload?.request ?? request);
      if (isTemporaryStatus(response.status)) fail(`status ${response.status}`);
      else circuit.succeed();
      return response;
    } catch (error) {
      const isOfHost = upload?.isCut() ?? true;
      if (isOfHost && error instanceof RegistryError && error.temporary) fail(messageOf(error));
      throw error;
    }
  };
}

function circuitOf(request: HttpRequest): string {
  const { host, body } = request;
  if (isRead(request)) return host;
  return isStreamBody(body) ? `${host} (uploads)` : `${host} (writes)`;
}

function refuseIfOpen(name: string, circuit: Circuit<string>): void {
  const open = circuit.refusal();
  if (open === undefined) return;
  const message = `request not sent: the last ${open.failures} requests to ${name} failed: ${open.cause}`;
  throw new RegistryError('unreachable', message);
}
