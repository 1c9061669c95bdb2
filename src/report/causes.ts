import type { HostFault } from '../base/host-fault.ts';
import { getOrMake } from '../base/maps.ts';
import { sortedBy } from '../base/sorted.ts';
import { oneLine } from '../base/text.ts';
import type { EdgeId } from '../plan/plan.ts';
import type { Envelope, ReportCause } from './envelope.ts';
import { parseEdgeId } from './summary/parse-edge-id.ts';

/** Counts the edges of each cause: a host that is down is one cause for all of its edges. */
export class CauseCounter {
  readonly #causes = new Map<string, ReportCause & { edges: number; readonly repositories: string[] }>();

  add(fault: HostFault | undefined, edge: EdgeId): void {
    if (fault === undefined) return;
    const id = causeId(fault);
    const cause = this.#causes.get(id) ?? { ...describe(id, fault), repositories: [], edges: 0 };
    this.#causes.set(id, cause);
    cause.edges += 1;
    if (cause.repositories.length < MAX_REPOSITORIES) {
      const name = fault.repository ?? nameIn(edge);
      if (!cause.repositories.includes(name)) cause.repositories.push(name);
    }
  }

  /** The field `causes` of a report, or no field if there is none. */
  field(): Pick<Envelope, 'causes'> {
    return causesField(this.#causes);
  }
}

/** Repositories that a cause names. */
const MAX_REPOSITORIES = 4;

/** The name of the repository of an edge, without its host. */
function nameIn(edge: EdgeId): string {
  const { repository } = parseEdgeId(edge);
  return repository.slice(repository.indexOf('/') + 1);
}

/** Faults of a whole host, or of an identity there. A fault of any other kind may be of single repositories. */
const OF_WHOLE_HOST: ReadonlySet<HostFault['kind']> = new Set([
  'unreachable',
  'throttled',
  'credentials',
  'configuration',
]);

export function isOfWholeHost({ kind }: Pick<HostFault, 'kind'>): boolean {
  return OF_WHOLE_HOST.has(kind);
}

/** Faults with the same remedy, whatever their messages. */
const ALIKE: ReadonlySet<HostFault['kind']> = new Set(['unreachable', 'throttled', 'credentials']);

/** Edges of one repository share their fault, so its id is made once. */
const IDS = new WeakMap<HostFault, string>();

/** Equal for faults with the same remedy: messages that differ in the name of their repository are the same. */
export function causeId(fault: HostFault): string {
  return getOrMake(IDS, fault, makeId);
}

function makeId({ kind, host, identity, message, repository }: HostFault): string {
  const text = repository === undefined ? message : message.replaceAll(repository, '…');
  const parts = [kind, host, identity, ALIKE.has(kind) ? undefined : text];
  return parts.filter((part) => part !== undefined).join(' ');
}

/** The causes of all shards: causes with equal ids are one. */
export function mergeCauses(reports: readonly Envelope[]): Pick<Envelope, 'causes'> {
  const merged = new Map<string, ReportCause>();
  for (const cause of reports.flatMap(({ causes = [] }) => causes)) {
    const known = merged.get(cause.id);
    merged.set(cause.id, known === undefined ? cause : addUp(known, cause));
  }
  return causesField(merged);
}

function addUp(one: ReportCause, other: ReportCause): ReportCause {
  const repositories = Array.from(new Set([...one.repositories, ...other.repositories]));
  return {
    ...one,
    edges: one.edges + other.edges,
    repositories: repositories.slice(0, MAX_REPOSITORIES),
  };
}

function causesField(causes: ReadonlyMap<string, ReportCause>): Pick<Envelope, 'causes'> {
  if (causes.size === 0) return {};
  return { causes: sortedBy(causes.values(), ({ host, id }) => `${host} ${id}`) };
}

function describe(id: string, fault: HostFault): Omit<ReportCause, 'repositories' | 'edges'> {
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

/** The advice for a failure of a host. */
export function adviceOn({ kind, host, identity, remedy }: HostFault): string {
  switch (kind) {
    case 'unreachable':
      return `check the network, and the name, port and TLS certificate of ${host}, then run again`;
    case 'throttled':
      return `limit the requests with -budget=${host}=RPS, or run again later`;
    case 'unavailable':
      return 'run again later; if it stays, ask the operator of the registry';
    case 'credentials':
      return `log in: ${remedy ?? `docker login ${host}`}`;
    case 'right':
      return identity === undefined
        ? `it asked for no credentials, so none were sent: check the names of the images and the settings of ${host}`
        : `grant ${identity} ${remedy ?? 'access'} at ${host}`;
    case 'configuration':
      return 'correct the configuration on this machine, then run again';
    case 'refused':
      return `check the names of the images and the settings of ${host}`;
    case 'unexpected':
      return `check that ${host} is a registry, and the proxies before it`;
    default:
      return kind satisfies never;
  }
}
