import { sortedBy } from '../../base/sorted.ts';
import type { ProgressStage } from '../../ports/progress.ts';
import type { HostTraffic } from '../../ports/traffic.ts';
import { VERSION } from '../output/version.ts';
import type { ObservedRun } from './run-observer.ts';

/** A metric of Prometheus. Times are in seconds, sizes in bytes. */
export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  /** Their label names, for the documentation. */
  readonly labels: readonly string[];
  /** None if the run has no value yet. */
  readonly samples: (run: ObservedRun) => readonly Sample[];
}

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** All metrics of a run, in the order of their output. @see https://prometheus.io/docs/practices/naming/ */
export const METRICS: readonly Metric[] = [
  {
    name: 'cip_build_info',
    type: 'gauge',
    help: 'Version of the program; the value is 1.',
    labels: ['version'],
    samples: () => [{ labels: { version: VERSION }, value: 1 }],
  },
  {
    name: 'cip_run_info',
    type: 'gauge',
    help: 'Mode of the run (parse-only, dry-run, promotion, verify or audit), once it has a report; the value is 1.',
    labels: ['mode'],
    samples: ({ report }) => (report === undefined ? [] : [{ labels: { mode: report.mode }, value: 1 }]),
  },
  {
    name: 'cip_run_start_timestamp_seconds',
    type: 'gauge',
    help: 'Start of the run, in Unix time.',
    labels: [],
    samples: ({ startedAt }) => [{ value: startedAt / 1000 }],
  },
  {
    name: 'cip_run_end_timestamp_seconds',
    type: 'gauge',
    help: 'End of the run, in Unix time.',
    labels: [],
    samples: (run) => (run.exitCode === undefined ? [] : [{ value: run.startedAt / 1000 + secondsOf(run) }]),
  },
  {
    name: 'cip_run_duration_seconds',
    type: 'gauge',
    help: 'Duration of the run so far.',
    labels: [],
    samples: (run) => [{ value: secondsOf(run) }],
  },
  {
    name: 'cip_run_exit_code',
    type: 'gauge',
    help: 'Exit code of the run, once it has ended.',
    labels: [],
    samples: ({ exitCode }) => (exitCode === undefined ? [] : [{ value: exitCode }]),
  },
  {
    name: 'cip_phase_duration_seconds',
    type: 'gauge',
    help: 'Duration of a phase so far; phases of one name are added.',
    labels: ['phase'],
    samples: phaseDurations,
  },
  {
    name: 'cip_edges',
    type: 'gauge',
    help: 'Edges by destination host and decision, once the plan is final.',
    labels: ['host', 'decision'],
    samples: ({ report }) => edgesOf(report?.hosts ?? {}),
  },
  {
    name: 'cip_invalid_entries',
    type: 'gauge',
    help: 'Malformed entries of manifests.',
    labels: [],
    samples: ({ report }) => (report === undefined ? [] : [{ value: report.summary.invalid }]),
  },
  {
    name: 'cip_edge_results_total',
    type: 'counter',
    help: 'Edges that a promotion was to write, by result (copied, failed, not-attempted), once it has ended.',
    labels: ['result'],
    samples: resultsOf,
  },
  hostCounter('cip_requests_total', 'Requests sent to a host.', ({ requests }) => requests),
  hostCounter('cip_retries_total', 'Requests to a host that were sent again.', ({ retries }) => retries),
  hostCounter(
    'cip_throttled_responses_total',
    'Responses of a host with status 429.',
    ({ throttled }) => throttled,
  ),
  hostCounter(
    'cip_interrupted_transfers_total',
    'Transfers of blobs from or to a host that were interrupted.',
    ({ interrupted }) => interrupted,
  ),
  hostCounter('cip_received_bytes_total', 'Bytes of bodies received from a host.', ({ bytesIn }) => bytesIn),
  hostCounter('cip_sent_bytes_total', 'Bytes of bodies sent to a host.', ({ bytesOut }) => bytesOut),
];

function hostCounter(name: string, help: string, valueOf: (counts: HostTraffic) => number): Metric {
  return {
    name,
    type: 'counter',
    help,
    labels: ['host'],
    samples: ({ traffic }) =>
      sortedBy(traffic, ([host]) => host).map(([host, counts]) => ({
        labels: { host },
        value: valueOf(counts),
      })),
  };
}

function secondsOf({ begun, now }: ObservedRun): number {
  return (now - begun) / 1000;
}

function phaseDurations({ phases, now }: ObservedRun): readonly Sample[] {
  const durations = new Map<ProgressStage, number>();
  for (const { stage, begun, ended = now } of phases) {
    durations.set(stage, (durations.get(stage) ?? 0) + ended - begun);
  }
  return Array.from(durations, ([phase, duration]) => ({ labels: { phase }, value: duration / 1000 }));
}

function edgesOf(
  hosts: Readonly<Record<string, { readonly edges: Readonly<Record<string, number>> }>>,
): readonly Sample[] {
  return Object.entries(hosts).flatMap(([host, { edges }]) =>
    Object.entries(edges).map(([decision, value]) => ({ labels: { host, decision }, value })),
  );
}

function resultsOf({ report, exitCode }: ObservedRun): readonly Sample[] {
  if (report?.mode !== 'promotion' || exitCode === undefined) return [];
  const { summary } = report;
  return (['copied', 'failed', 'not-attempted'] as const).map((result) => ({
    labels: { result },
    value: summary[result],
  }));
}
