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

function pad(number: number): string {
  return String(number).padStart(2, '0');
}
