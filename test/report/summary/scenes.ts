import type { HostFault } from '../../../src/base/host-fault.ts';
import type { Outcome } from '../../../src/copy/outcome.ts';
import { failed, COPIED } from '../../../src/copy/outcome.ts';
import { expandEdges } from '../../../src/edges/expand-edges.ts';
import { parseDigest } from '../../../src/image/digest.ts';
import type { Repository } from '../../../src/image/repository.ts';
import {
  countQueries,
  type DestinationState,
  type Inventory,
  sourceKey,
} from '../../../src/inventory/inventory.ts';
import type { PromoterManifest } from '../../../src/manifest/model.ts';
import { makePlan } from '../../../src/plan/make-plan.ts';
import { edgeId, isWritable, type PlanItem } from '../../../src/plan/plan.ts';
import { makeReport } from '../../../src/report/make-report.ts';
import type { RunReport } from '../../../src/report/report.ts';
import { inFile } from '../../builders/manifests.ts';

/** The registries of a promotion like that of Kubernetes. */
export function registries(count: number): string[] {
  const regions = ['asia-east1', 'europe-west4', 'us-central1', 'us-west1', 'southamerica-west1'];
  return Array.from({ length: count }, (_, index) => {
    const region = regions[index % regions.length];
    return `${region}-${Math.floor(index / regions.length)}-docker.pkg.dev/k8s-artifacts-prod/images`;
  });
}

/** A valid digest made from a number. */
export function numbered(number: number): string {
  const text = `sha256:${(number * 2_654_435_761).toString(16).padStart(16, '7').repeat(4).slice(0, 64)}`;
  return parseDigest(text) ?? text;
}

const FILE = 'registry.k8s.io/images/k8s-staging-kubernetes/images.yaml';
export const SOURCE = 'gcr.io/k8s-staging-kubernetes';

/** A manifest of images with one tag each. */
export function release(images: number, destinations: readonly string[]): PromoterManifest {
  const names = Array.from({ length: images }, (_, index) => {
    const digests = { [numbered(index + 1)]: [`v1.31.${index}`] };
    return [`kube-component-${String(index + 1).padStart(2, '0')}`, digests] as const;
  });
  return inFile(FILE)
    .from(SOURCE)
    .to(...destinations)
    .promote(Object.fromEntries(names));
}

export const EMPTY: DestinationState = {
  kind: 'read',
  by: 'listing',
  complete: true,
  exists: false,
  tags: new Map(),
  digests: new Set(),
};

interface Scene {
  readonly manifests: readonly PromoterManifest[];
  readonly stateOf?: (repository: Repository) => DestinationState;
  /** Unset: a dry run. */
  readonly outcomeOf?: (item: PlanItem) => Outcome;
  readonly hasSource?: boolean;
  readonly identity?: string;
}

/** The report of a run with these states and outcomes. */
export function reportOf(scene: Scene): RunReport {
  const { manifests, stateOf = () => EMPTY, outcomeOf, hasSource = true, identity = 'anonymous' } = scene;
  const wanted = expandEdges(manifests);
  const destinations = new Map<Repository, DestinationState>();
  const sources = new Map<ReturnType<typeof sourceKey>, { readonly kind: 'present' | 'absent' }>();
  for (const { repository, list } of wanted.repositories) {
    destinations.set(repository, stateOf(repository));
    for (const { digest, sources: from } of list.wants) {
      for (const source of from)
        sources.set(sourceKey(source, digest), { kind: hasSource ? 'present' : 'absent' });
    }
  }
  const inventory: Inventory = { destinations, sources };
  const plan = makePlan(wanted, inventory);
  const outcomes = new Map<string, Outcome>();
  for (const item of plan.items)
    if (outcomeOf && isWritable(item)) outcomes.set(edgeId(item), outcomeOf(item));
  const traffic = {
    retries: 0,
    interrupted: 0,
    throttled: 0,
    identities: [identity],
    bytesIn: 2048,
    bytesOut: 0,
  };
  return makeReport({
    mode: outcomeOf === undefined ? 'dry-run' : 'promotion',
    startedAt: Date.UTC(2026, 10, 28),
    durationMs: 36_000,
    stopped: false,
    manifests: {
      projects: manifests.length,
      images: manifests.flatMap(({ images }) => images).length,
      digests: manifests.flatMap(({ images }) => images.flatMap(({ digests }) => digests)).length,
      destinations: new Set(manifests.flatMap((one) => one.destinations.map(({ name }) => name))).size,
    },
    edges: wanted.edges,
    plan,
    readings: countQueries(inventory),
    outcomes,
    problems: [],
    traffic: new Map(Object.keys(plan.hosts).map((host) => [host, { ...traffic, requests: 3 }])),
  });
}

/** The host of a repository, and its path. */
function parts(repository: string): { host: string; path: string } {
  const slash = repository.indexOf('/');
  return { host: repository.slice(0, slash), path: repository.slice(slash + 1) };
}

const THREE = registries(3);
const DOWN = parts(THREE[1] ?? '').host;

/** The name of a repository at its host. */
export function nameAt(repository: Repository): string {
  return parts(repository).path;
}

/** The state of a repository that a request has failed for. */
export function unreadableAt(
  repository: Repository,
  { kind, message }: Pick<HostFault, 'kind' | 'message'>,
): DestinationState {
  const { host, path } = parts(repository);
  const fault = { kind, host, repository: path, message } as const;
  return { kind: 'unreadable', reason: `GET https://${host}/v2/${path}/tags/list: ${message}`, fault };
}

/** The state at a host that refuses connections. */
export function down(repository: Repository): DestinationState {
  const { host, path } = parts(repository);
  const message = 'ECONNREFUSED: connect ECONNREFUSED 10.0.0.7:443';
  const reason = `HEAD https://${host}/v2/${path}/manifests/v1: ${message}`;
  return { kind: 'unreadable', reason, fault: { kind: 'unreachable', host, message } };
}

const ROBOT = 'user "robot" (docker config)';

function rejected(repository: Repository): DestinationState {
  const { host, path } = parts(repository);
  const scope = encodeURIComponent(`repository:${path}:pull`);
  const message = '401: UNAUTHORIZED: authentication required';
  const remedy = `docker login ${host}`;
  const reason = `GET https://${host}/token?service=${host}&scope=${scope}: ${message} (identity ${ROBOT}: these credentials were rejected, log in again: ${remedy})`;
  const fault = { kind: 'credentials', host, identity: ROBOT, message, remedy } as const;
  return { kind: 'unreadable', reason, fault };
}

const PROMOTER = 'promoter@k8s.iam.gserviceaccount.com';
const denied = ({ destination }: PlanItem) => {
  const { host, path } = parts(destination);
  const message = '403: DENIED: permission denied';
  const remedy = 'roles/artifactregistry.writer';
  return failed(
    `POST https://${host}/v2/${path}/blobs/uploads/: ${message} (identity ${PROMOTER} needs the right to push for ${destination}, at Artifact Registry ${remedy})`,
    { kind: 'right', host, identity: PROMOTER, message, remedy },
  );
};
const of = (host: string, state: (repository: Repository) => DestinationState) => (repository: Repository) =>
  repository.startsWith(`${host}/`) ? state(repository) : EMPTY;

/** Runs by name: each has fixtures in fixtures/reports/summary. */
export const SCENES = {
  'dry-run-600': () => reportOf({ manifests: [release(30, registries(20))] }),
  'registry-down': () => reportOf({ manifests: [release(4, THREE)], stateOf: of(DOWN, down) }),
  'wrong-password': () =>
    reportOf({
      manifests: [release(4, THREE)],
      stateOf: of(DOWN, rejected),
      identity: ROBOT,
    }),
  'missing-right': () =>
    reportOf({
      manifests: [release(4, THREE)],
      outcomeOf: (item) => (item.destination.startsWith(`${DOWN}/`) ? denied(item) : COPIED),
      identity: PROMOTER,
    }),
  'promotion-2-failures': () =>
    reportOf({
      manifests: [release(30, registries(20))],
      outcomeOf: (item) =>
        item.destination.endsWith('kube-component-07') &&
        /-[01]-docker/.test(item.destination) &&
        item.destination.startsWith('us-west1')
          ? failed(`blob ${numbered(99)}: neither ${SOURCE}/kube-component-07 nor a sibling has it`)
          : COPIED,
    }),
  conflicts: () =>
    reportOf({
      manifests: [
        inFile(FILE)
          .from(SOURCE)
          .to(...registries(20))
          .promote(
            { app: { [numbered(1)]: ['v1'], [numbered(2)]: ['v1', 'v1.0'] } },
            { lib: { [numbered(3)]: ['v2'] } },
          ),
      ],
    }),
  lost: () => reportOf({ manifests: [release(2, registries(20))], hasSource: false }),
} as const;
