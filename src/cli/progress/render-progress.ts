import { formatDuration, formatRate, formatThroughput } from './units.ts';
import type { HostRate, ProgressSnapshot } from './snapshot.ts';

const TITLES = {
  inventory: 'reading destinations',
  source: 'looking at sources',
  proof: 'proving sources',
  copy: 'promoting',
  snapshot: 'reading repositories',
  repair: 'repairing',
} as const;

/** Hosts that are shown; of the others only how many there are. */
const MAX_HOSTS = 3;

/** Some lines for a terminal, none wider than `columns`. */
export function renderLines(snapshot: ProgressSnapshot, columns: number): string[] {
  const shown = snapshot.hosts.slice(0, MAX_HOSTS);
  const width = Math.max(0, ...shown.map(({ host }) => host.length));
  const lines = [renderStage(snapshot), ...shown.map((host) => `  ${renderHost(host, width)}`)];
  return lines.map((line) => cut(line, columns));
}

/** The same facts as the fields of a line in a log. */
export function renderFields(snapshot: ProgressSnapshot): Record<string, string | number> {
  const { stage, done, steps, stepsPerSecond, remaining, hosts } = snapshot;
  return {
    phase: TITLES[stage],
    done,
    ...(steps === 0 ? {} : { total: steps }),
    ...(stepsPerSecond === undefined ? {} : { perSecond: Number(formatRate(stepsPerSecond)) }),
    ...(remaining === undefined ? {} : { eta: formatDuration(remaining) }),
    hosts: hosts
      .slice(0, MAX_HOSTS)
      .map((host) => renderHost(host, 0))
      .concat(hosts.length > MAX_HOSTS ? [`${hosts.length - MAX_HOSTS} more`] : [])
      .join('; '),
  };
}

function renderStage({ stage, done, steps, stepsPerSecond, remaining, hosts }: ProgressSnapshot): string {
  const part = steps === 0 ? '' : `/${steps} (${Math.floor((done / steps) * 100)}%)`;
  const facts = [`${TITLES[stage]} ${done}${part}`];
  if (stepsPerSecond !== undefined) facts.push(`${formatRate(stepsPerSecond)}/s`);
  if (remaining !== undefined) facts.push(`ETA ${formatDuration(remaining)}`);
  if (hosts.length > MAX_HOSTS) facts.push(`${hosts.length} hosts`);
  return facts.join(', ');
}

function renderHost(host: HostRate, width: number): string {
  const facts = [`${formatRate(host.requestsPerSecond)} req/s`, formatThroughput(host.bytesPerSecond)];
  if (host.throttled > 0) facts.push(`throttled ${host.throttled}${host.isThrottling ? ' (now)' : ''}`);
  if (host.retries > 0) facts.push(`retries ${host.retries}`);
  return `${host.host.padEnd(width)} ${facts.join(', ')}`;
}

function cut(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;
}
