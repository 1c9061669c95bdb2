import { createHash } from 'node:crypto';
import { lazily } from '../../src/base/iterables.ts';
import { noEdges } from '../../src/plan/plan.ts';
import type { ReportCause } from '../../src/report/envelope.ts';
import type { PromotionItem, RunReport } from '../../src/report/report.ts';

// The size of registry.k8s.io in 2024-06: 75 projects, 20,019 digests, 32,749 tags of them, 22 destinations of each.
const PROJECTS = 75;
const DIGESTS = 20_019;
const TAGS = 32_749;
const HOSTS = Array.from(
  { length: 22 },
  (_, index) => `region-${String(index).padStart(2, '0')}-docker.pkg.dev`,
);
const DIGEST_NAMES = Array.from(
  { length: DIGESTS },
  (_, number) => `sha256:${createHash('sha256').update(String(number)).digest('hex')}`,
);
export const EDGES = TAGS * HOSTS.length;

const DOWN: ReportCause = {
  id: 'unreachable',
  kind: 'unreachable',
  host: HOSTS[3] ?? '',
  identity: null,
  edges: TAGS,
  repositories: [],
  message: 'ECONNREFUSED: connect ECONNREFUSED 10.0.0.7:443',
  advice: 'check the network, then run again',
};

export const SCENARIOS = ['empty', 'mixed', 'unreadable'] as const;
export type Scenario = (typeof SCENARIOS)[number];

/**
 * A report that lists every edge. `empty`: all are to be copied. `mixed`: every decision, and a host that is down.
 * `unreadable`: each edge has its own error.
 */
export function largeReport(scenario: Scenario): RunReport {
  const hosts = HOSTS.map((host) => {
    const traffic = {
      requests: 1_000,
      retries: 3,
      interrupted: 1,
      throttled: 2,
      bytesIn: 5e9,
      bytesOut: 7e9,
    };
    const repositories = { byListing: 1_000, byHead: 0 };
    return [
      host,
      { edges: noEdges(), repositories, identities: ['promoter@example.org'], ...traffic },
    ] as const;
  });
  return {
    version: 1,
    mode: 'dry-run',
    startedAt: '2026-11-28T12:00:00.000Z',
    durationMs: 754_000,
    stopped: false,
    manifests: { projects: PROJECTS, images: 1_200, digests: DIGESTS, destinations: 1_694 },
    summary: { ...noEdges(), edges: EDGES, copy: EDGES, invalid: 0, copied: 0, failed: 0 },
    findings: [],
    ...(scenario === 'mixed' ? { causes: [DOWN] } : {}),
    items: lazily(() => items(scenario)),
    hosts: Object.fromEntries(hosts),
  };
}

function* items(scenario: Scenario): Generator<PromotionItem> {
  for (const host of HOSTS) {
    for (let tag = 0; tag < TAGS; tag++) yield itemOf(scenario, host, tag);
  }
}

function itemOf(scenario: Scenario, host: string, tag: number): PromotionItem {
  const number = tag % DIGESTS;
  const project = `k8s-staging-project-${number % PROJECTS}`;
  const image = `component-${number % 1_200}`;
  const digest = DIGEST_NAMES[number] ?? '';
  const repository = `${host}/k8s-artifacts-prod/images/${project.slice('k8s-staging-'.length)}/${image}`;
  return {
    ...resultOf(scenario, { host, repository, tag, digest }),
    source: `gcr.io/${project}/${image}@${digest}`,
    destination: `${repository}:v1.${tag % 30}.${tag}`,
    digest,
    outcome: 'not-attempted',
    at: `registry.k8s.io/images/${project}/images.yaml:${(number % 4_000) + 2}:5`,
  };
}

interface EdgeParts {
  readonly host: string;
  readonly repository: string;
  readonly tag: number;
  readonly digest: string;
}

function resultOf(
  scenario: Scenario,
  { host, repository, tag, digest }: EdgeParts,
): Pick<PromotionItem, 'decision' | 'reason' | 'cause'> {
  const copy = {
    decision: 'copy',
    reason: 'regular promotion (neither digest nor tag exists in dst)',
  } as const;
  const url = `https://${host}/v2/${repository.slice(host.length + 1)}/manifests/v1.${tag}`;
  if (scenario === 'empty') return copy;
  if (scenario === 'unreadable')
    return { decision: 'unreadable', reason: `HEAD ${url}: 418: teapot of ${repository}` };
  if (host === HOSTS[3])
    return {
      decision: 'unreadable',
      cause: DOWN.id,
      reason: `HEAD ${url}: ECONNREFUSED: connect ECONNREFUSED 10.0.0.7:443`,
    };
  const number = Number(/\d+/.exec(host)?.[0]);
  if ((tag + number) % 97 === 0)
    return {
      decision: 'tag-move',
      reason: `tag v1 in dst points to sha256:${'b'.repeat(64)}, not ${digest}: tag moves are not supported`,
    };
  return (tag * 7 + number) % 11 === 0 ? { decision: 'present', reason: '' } : copy;
}
