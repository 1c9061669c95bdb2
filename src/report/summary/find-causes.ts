import { oneLine } from '../../base/text.ts';
import { sortedBy } from '../../base/sorted.ts';
import type { CauseKind, Envelope, EnvelopeItem, ReportCause } from '../envelope.ts';
import { hostOfName, parseEdgeId } from './item-parts.ts';

/** The fields of an item that tell its cause. */
type Affected = Pick<EnvelopeItem, 'decision' | 'destination' | 'reason'> & {
  readonly outcome?: string;
  readonly source?: string | null;
};

/** Collects the causes of the edges that it is shown, one by one: thousands of edges of a dead host are one object. */
export class CauseFinder {
  readonly #causes = new Map<string, ReportCause & { edges: number }>();
  #last: { readonly reason: string; readonly host: string; readonly found: Found | undefined } | undefined;

  /** Counts an edge. */
  add(item: Affected): void {
    const found = this.#find(item);
    if (found === undefined) return;
    const cause = this.#causes.get(found.id) ?? { ...describe(found, item.reason), edges: 0 };
    this.#causes.set(found.id, cause);
    cause.edges += 1;
  }

  /** The item with the name of its cause, where it has one. */
  named<Item extends Affected>(item: Item): Item {
    const found = this.#find(item);
    return found === undefined ? item : { ...item, cause: found.id };
  }

  /** The field of a report with the causes of the counted edges, sorted by host. */
  field(): Pick<Envelope, 'causes'> {
    return this.#causes.size === 0 ? {} : { causes: sortCauses(this.#causes.values()) };
  }

  /** Neighbours share their reason: the edges of one repository, often. */
  #find(item: Affected): Found | undefined {
    const { decision, destination, outcome, reason } = item;
    if (destination === null || (decision !== 'unreadable' && outcome !== 'failed')) return undefined;
    const host = hostOfFailure(item);
    if (this.#last?.reason !== reason || this.#last.host !== host) {
      const kind = KINDS.find(([, pattern]) => pattern.test(reason))?.[0];
      const found = kind === undefined ? undefined : { id: `${kind} ${host}`, kind, host };
      this.#last = { reason, host, found };
    }
    return this.#last.found;
  }
}

/** The causes of all shards: equal ids are one cause. */
export function mergeCauses(reports: readonly Envelope[]): Pick<Envelope, 'causes'> {
  const merged = new Map<string, ReportCause>();
  for (const cause of reports.flatMap(({ causes = [] }) => causes)) {
    const known = merged.get(cause.id);
    merged.set(cause.id, known === undefined ? cause : { ...known, edges: known.edges + cause.edges });
  }
  return merged.size === 0 ? {} : { causes: sortCauses(merged.values()) };
}

function sortCauses(causes: Iterable<ReportCause>): readonly ReportCause[] {
  return sortedBy(causes, ({ host, kind }) => `${host} ${kind}`);
}

interface Found {
  readonly id: string;
  readonly kind: CauseKind;
  readonly host: string;
}

/**
 * The words of our own error messages, first match first. `test/system/causes.test.ts` provokes each of them, so that a
 * message cannot change unnoticed.
 */
const KINDS: readonly (readonly [CauseKind, RegExp])[] = [
  ['credentials', /these credentials were rejected|no credentials are configured for/],
  ['right', / (?:needs|may lack) the right |\bidentity .*\b403: |: 403: /],
  ['unavailable', /: (?:429|5\d\d): |: status 5\d\d/],
  [
    'configuration',
    /docker-credential-|\bexpected a JSON object, as docker login|\.json: (?:expected|larger)|cannot read \S+: E|gcloud|its token realm|refused to connect to/,
  ],
  [
    'unreachable',
    /has not answered within|request not sent: the last|: E[A-Z]{4,}: |did not answer in time|could not be connected to|closed the connection without|in the middle of its answer|certificate|: (?:CERT|ERR_TLS|ERR_SSL|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED)_|proxy http/i,
  ],
];

/** The host of the side that failed, else of the request, else of the destination. */
function hostOfFailure({ reason, destination, source }: Affected): string {
  if (reason.startsWith('source: ') && source !== null && source !== undefined)
    return hostOfName(parseEdgeId(source).repository);
  if (reason.startsWith('destination: ')) return hostOfName(destination ?? '');
  return /\bhttps?:\/\/([^/\s]+)\//.exec(reason)?.[1] ?? hostOfName(destination ?? '');
}

function describe({ id, kind, host }: Found, reason: string): Omit<ReportCause, 'edges'> {
  const identity =
    /\bidentity (.+?(?: \(docker config\))?)(?=: | needs the right | may lack the right |\))/.exec(
      reason,
    )?.[1] ?? null;
  return {
    id,
    kind,
    host,
    identity,
    message: messageOf(reason, host),
    advice: adviceOn(kind, { host, identity, reason }),
  };
}

/** The error without the side, the requests and the repositories, which differ from edge to edge. */
function messageOf(reason: string, host: string): string {
  const bare = reason
    .replace(/^(?:source|destination): /, '')
    .replace(/\b(?:GET|HEAD|POST|PUT|PATCH|DELETE) https?:\/\/\S+?:? (?=\S)/g, '')
    .replace(/ \((?:identity|no credentials) .*$/, '')
    .replaceAll(/ for (\S+?)\/[^\s,;)]+/g, (text, name: string) => (name === host ? ` for ${host}` : text));
  return oneLine(bare);
}

function adviceOn(
  kind: CauseKind,
  {
    host,
    identity,
    reason,
  }: { readonly host: string; readonly identity: string | null; readonly reason: string },
): string {
  switch (kind) {
    case 'unreachable':
      return `check the name and port of ${host}, the network and its TLS certificate, then run again`;
    case 'unavailable':
      return `${host} is overloaded or broken: run again later, or limit the requests with -budget=${host}=RPS`;
    case 'credentials': {
      const login = /(?:log in again: |see )([^()]+)\)?$/.exec(reason)?.[1] ?? 'docker login';
      return `log in: ${login === 'docker login' ? `${login} ${host}` : login}`;
    }
    case 'right':
      return `grant ${identity ?? 'the identity'} ${rightOf(reason)} at ${host}`;
    case 'configuration':
      return 'correct the configuration on this machine, then run again';
    default:
      return kind satisfies never;
  }
}

function rightOf(reason: string): string {
  const role = /roles\/[\w.]+|ecr:\w+(?: and ecr:\w+)*/.exec(reason)?.[0];
  if (role !== undefined) return role;
  const right = /the right to (pull and push|push|pull)/.exec(reason)?.[1];
  return right === undefined ? 'access' : `the right to ${right}`;
}
