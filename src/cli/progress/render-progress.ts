import type { BlobRate, ByteSnapshot } from './byte-counter.ts';
import type { HostRate } from './host-rates.ts';
import type { ProgressSnapshot } from './meter.ts';

const TITLES = {
  inventory: 'reading destinations',
  source: 'reading sources',
  proof: 'checking sources',
  copy: 'promoting',
  carry: 'comparing attachments',
  sign: 'signing',
  snapshot: 'reading repositories',
  repair: 'repairing',
  review: 'reviewing images',
  scan: 'reading scan results',
} as const;

/** Hosts that are shown by name; the others are counted. */
const MAX_HOSTS = 3;

/** Characters of an image's name, so that its bytes fit in 80 columns as well. */
const MAX_NAME = 45;

/** Some lines for a terminal, none wider than `columns`. */
export function renderLines(snapshot: ProgressSnapshot, columns: number): string[] {
  const shown = snapshot.hosts.slice(0, MAX_HOSTS);
  const width = Math.max(0, ...shown.map(({ host }) => host.length));
  const blobs = snapshot.bytes?.blobs ?? [];
  const lines = [
    renderStage(snapshot),
    ...blobs.map((blob) => `  ${renderBlob(blob)}`),
    ...shown.map((host) => `  ${renderHost(host, width)}`),
  ];
  return lines.map((line) => cut(line, columns));
}

/** The same facts as the fields of a line in a log. */
export function renderFields(snapshot: ProgressSnapshot): Record<string, string | number> {
  const { stage, done, steps, bytes, stepsPerSecond, remaining, hosts } = snapshot;
  return {
    phase: TITLES[stage],
    done,
    ...(steps === 0 ? {} : { total: steps }),
    ...(stepsPerSecond === undefined ? {} : { perSecond: Number(formatRate(stepsPerSecond)) }),
    ...(bytes === undefined ? {} : { bytes: bytes.done, bytesKnown: bytes.total }),
    ...(remaining === undefined ? {} : { eta: formatDuration(remaining) }),
    hosts: hosts
      .slice(0, MAX_HOSTS)
      .map((host) => renderHost(host, 0))
      .concat(hosts.length > MAX_HOSTS ? [`${hosts.length - MAX_HOSTS} more`] : [])
      .join('; '),
  };
}

function renderStage(snapshot: ProgressSnapshot): string {
  const { stage, done, steps, bytes, stepsPerSecond, remaining, hosts } = snapshot;
  const part = steps === 0 ? '' : `/${steps}${bytes === undefined ? percentOf(done, steps) : ' images'}`;
  const facts = [`${TITLES[stage]} ${done}${part}`];
  if (bytes !== undefined) facts.push(...renderBytes(bytes, snapshot));
  else if (stepsPerSecond !== undefined) facts.push(`${formatRate(stepsPerSecond)}/s`);
  if (remaining !== undefined) facts.push(`ETA ${formatDuration(remaining)}`);
  if (hosts.length > MAX_HOSTS) facts.push(`${hosts.length} hosts`);
  return facts.join(', ');
}

function percentOf(done: number, steps: number): string {
  return ` (${Math.floor((done / steps) * 100)}%)`;
}

/** A `+` follows a total that grows with the manifests that are still to be read. */
function renderBytes({ done, total, perSecond }: ByteSnapshot, { begun, steps }: ProgressSnapshot): string[] {
  const volume = formatPart(done, total, begun < steps ? '+' : '');
  return perSecond === undefined ? [volume] : [volume, formatThroughput(perSecond)];
}

/** The host comes last, where a narrow terminal cuts it. */
function renderBlob({ name, host, size, sent, perSecond }: BlobRate): string {
  const rate = perSecond === undefined ? '' : ` ${formatThroughput(perSecond)}`;
  return `${cut(name, MAX_NAME)} ${formatPart(sent, size)}${rate}  ${host}`;
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

/** A duration, as coarse as an estimate is: `45s`, `3m10s`, `2h05m`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(1, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds}s`;
  const tens = Math.round(seconds / 10) * 10;
  if (tens < 3600) return `${Math.floor(tens / 60)}m${pad(tens % 60)}s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}h${pad(minutes % 60)}m`;
}

/** A number of things a second, with no more digits than tell something: `0.3`, `4.1`, `120`. */
export function formatRate(perSecond: number): string {
  return perSecond < 9.95 ? perSecond.toFixed(1) : perSecond.toFixed(0);
}

/** Bytes a second in megabytes: `0.3 MB/s`. */
export function formatThroughput(bytesPerSecond: number): string {
  return `${formatRate(bytesPerSecond / 1e6)} MB/s`;
}

/** A part of a number of bytes, both in the unit of the whole: `42/60 MB`. */
export function formatPart(done: number, all: number, mark = ''): string {
  const [unit, bytes] = all >= 1e9 ? ['GB', 1e9] : all >= 1e6 ? ['MB', 1e6] : ['kB', 1e3];
  return `${formatRate(done / bytes)}/${formatRate(all / bytes)}${mark} ${unit}`;
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}
