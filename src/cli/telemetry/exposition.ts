import { METRICS, type Metric, type Sample } from './metrics.ts';
import type { ObservedRun } from './run-observer.ts';

/** The content type of the text that `renderExposition` returns. */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * Renders the metrics of a run as text for Prometheus. Metrics without a value are left out.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export function renderExposition(run: ObservedRun): string {
  return METRICS.map((metric) => renderMetricText({ ...metric, samples: metric.samples(run) })).join('');
}

/** A metric with its values. */
export interface MetricText extends Pick<Metric, 'name' | 'type' | 'help'> {
  readonly samples: readonly Sample[];
}

/** Renders one metric; nothing where it has no value. */
export function renderMetricText({ name, help, type, samples }: MetricText): string {
  if (samples.length === 0) return '';
  const lines = samples.map(({ labels = {}, value }) => `${name}${renderLabels(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function renderLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
