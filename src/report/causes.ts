import type { HostFault } from '../base/host-fault.ts';
import { sortedBy } from '../base/sorted.ts';
import { oneLine } from '../base/text.ts';
import type { EdgeId } from '../plan/plan.ts';
import type { Envelope, ReportCause } from './envelope.ts';

/** Counts the edges of each cause: a host that is down is one cause for all of its edges. */
export class CauseCounter {
  readonly #causes = new Map<string, ReportCause & { edges: number }>();

  add(fault: HostFault | undefined, edge: EdgeId): void {
    if (fault === undefined) return;
    const id = causeId(fault);
    const cause = this.#causes.get(id) ?? { ...describe(id, fault), edge, edges: 0 };
    this.#causes.set(id, cause);
    cause.edges += 1;
  }

  /** The field `causes` of a report, or no field if there is none. */
  field(): Pick<Envelope, 'causes'> {
    return causesField(this.#causes);
  }
}

/** Equal for faults with the same remedy. */
export function causeId({ kind, host, identity, message }: HostFault): string {
  const subject = kind === 'configuration' ? message : identity;
  return subject === undefined ? `${kind} ${host}` : `${kind} ${host} ${subject}`;
}

/** The causes of all shards: causes with equal ids are one. */
export function mergeCauses(reports: readonly Envelope[]): Pick<Envelope, 'causes'> {
  const merged = new Map<string, ReportCause>();
  for (const cause of reports.flatMap(({ causes = [] }) => causes)) {
    const known = merged.get(cause.id);
    merged.set(cause.id, known === undefined ? cause : { ...known, edges: known.edges + cause.edges });
  }
  return causesField(merged);
}

function causesField(causes: ReadonlyMap<string, ReportCause>): Pick<Envelope, 'causes'> {
  if (causes.size === 0) return {};
  return { causes: sortedBy(causes.values(), ({ host, id }) => `${host} ${id}`) };
}

function describe(id: string, fault: HostFault): Omit<ReportCause, 'edge' | 'edges'> {
  const { kind, host, identity = null, message } = fault;
  return {
    id,
    kind,
    host,
    identity,
    message: oneLine(message, Number.POSITIVE_INFINITY),
    advice: adviceOn(fault),
  };
}

function adviceOn({ kind, host, identity = 'the identity', remedy }: HostFault): string {
  switch (kind) {
    case 'unreachable':
      return `check the network, and the name, port and TLS certificate of ${host}, then run again`;
    case 'unavailable':
      return `${host} is overloaded or broken: run again later, or limit the requests with -budget=${host}=RPS`;
    case 'credentials':
      return `log in: ${remedy ?? `docker login ${host}`}`;
    case 'right':
      return `grant ${identity} ${remedy ?? 'access'} at ${host}`;
    case 'configuration':
      return 'correct the configuration on this machine, then run again';
    default:
      return kind satisfies never;
  }
}
