import { type LogEntry, renderLogEntry, type Severity } from '../../auditor/cloud-log.ts';
import type { Log, LogLevel } from '../../ports/log.ts';
import { type Output, writeTo } from './stdio.ts';

/** The log of a service on stdout: JSON in the format of Cloud Logging. */
export interface ServiceLog extends Log {
  /** Resolves when the entry is written. Throws an `OutputError` if it cannot be, such as on a full disk. */
  readonly entry: (entry: LogEntry) => Promise<void>;
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warning', 'error'];
const SEVERITIES: Readonly<Record<LogLevel, Severity>> = {
  debug: 'DEBUG',
  info: 'INFO',
  warning: 'WARNING',
  error: 'ERROR',
};

/** A log of a service. `level` limits the messages about the service, never entries. */
export function createServiceLog(
  out: Output,
  {
    level,
    project,
    now,
  }: { readonly level: LogLevel; readonly project: string | undefined; readonly now: () => number },
): ServiceLog {
  const render = (entry: LogEntry) => renderLogEntry(entry, { now: now(), project });
  return {
    entry: async (entry) => {
      await writeTo(out, render(entry));
    },
    write: (entryLevel, message, fields = {}) => {
      if (LEVELS.indexOf(entryLevel) < LEVELS.indexOf(level)) return;
      const labels = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]));
      out.write(render({ severity: SEVERITIES[entryLevel], message, labels }));
    },
  };
}
