import type { StatusArea } from './status-area.ts';

/** How a run shows where it is. */
export type ProgressStyle = 'live' | 'log' | 'none';

/**
 * Live on a terminal that somebody looks at; else in the log: in a file, in CI, on a terminal that cannot move its
 * cursor, and where the log is for machines, which take no other line.
 */
export function progressStyleOf({
  wanted,
  format,
  status,
  env,
}: {
  wanted: boolean;
  format: 'text' | 'json';
  status: Pick<StatusArea, 'isTerminal'>;
  env: NodeJS.ProcessEnv;
}): ProgressStyle {
  if (!wanted) return 'none';
  const isCi = env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false';
  const isLive = status.isTerminal && format === 'text' && !isCi && env['TERM'] !== 'dumb';
  return isLive ? 'live' : 'log';
}
