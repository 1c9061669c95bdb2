import type { AuditorCounts } from '../../auditor/counts.ts';
import type { StoreState } from '../../auditor/manifests/manifest-store.ts';
import { VERSION } from '../output/version.ts';
import { type MetricText, renderMetricText } from './exposition.ts';
import type { Sample } from './metrics.ts';

/** What the metrics of the auditor are made from. */
export interface AuditorState {
  readonly counts: AuditorCounts;
  readonly store: StoreState;
  /** Monotonic milliseconds. */
  readonly now: number;
}

/** The metrics of the auditor as text for Prometheus. */
export function renderAuditorMetrics(state: AuditorState): string {
  return metricsOf(state).map(renderMetricText).join('');
}

function metricsOf({ counts, store, now }: AuditorState): readonly MetricText[] {
  const { loaded, fetchedAt } = store;
  return [
    gauge('cip_build_info', 'Version of the program; the value is 1.', [
      { labels: { version: VERSION }, value: 1 },
    ]),
    counter('cip_audit_verdicts_total', 'Changes by verdict; unreadable ones are delivered again.', [
      ...(['verified', 'ignored', 'unreadable'] as const).map((verdict) => ({
        labels: { verdict, cause: '' },
        value: counts[verdict],
      })),
      ...Object.entries(counts.rejected).map(([cause, value]) => ({
        labels: { verdict: 'rejected', cause },
        value,
      })),
    ]),
    counter(
      'cip_audit_responses_total',
      'Responses by status.',
      Array.from(counts.responses, ([status, value]) => ({ labels: { status: String(status) }, value })),
    ),
    gauge('cip_audit_messages_in_flight', 'Messages that are being judged.', [{ value: counts.inFlight }]),
    counter('cip_audit_alerts_total', 'Alerts by outcome; counted ones became part of a later alert.', [
      { labels: { outcome: 'sent' }, value: counts.alerts.sent },
      { labels: { outcome: 'counted' }, value: counts.alerts.counted },
      { labels: { outcome: 'failed' }, value: counts.alerts.failed },
    ]),
    counter('cip_audit_manifest_fetches_total', 'Fetches of the manifests by outcome.', [
      { labels: { outcome: 'succeeded' }, value: store.fetches - store.failures },
      { labels: { outcome: 'failed' }, value: store.failures },
    ]),
    gauge(
      'cip_audit_manifest_age_seconds',
      'Time since the manifests were last fetched.',
      fetchedAt === undefined ? [] : [{ value: (now - fetchedAt) / 1000 }],
    ),
    gauge(
      'cip_audit_manifest_info',
      'Commit of the manifests; the value is 1.',
      loaded?.version.commit === undefined ? [] : [{ labels: { commit: loaded.version.commit }, value: 1 }],
    ),
    gauge(
      'cip_audit_broken_manifests',
      'Manifests that cannot be read: nothing is rejected while there are any.',
      loaded === undefined ? [] : [{ value: loaded.broken.length }],
    ),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): MetricText {
  return { name, type: 'gauge', help, samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): MetricText {
  return { name, type: 'counter', help, samples };
}
