import { escapeLines } from '../../base/text.ts';
import type { Log, LogLevel } from '../../ports/log.ts';
import type { LogOptions } from '../flags/options/run-options.ts';

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 2, error: 3 };

/** The output of a log. */
export interface LogSink {
  readonly err: {
    write(line: string): unknown;
    /** Bytes that are written and not taken yet. */
    readonly backlog?: number;
  };
}

/** A log whose owner may render lines itself. */
export interface LineLog extends Log {
  readonly format: LogOptions['format'];
  /** Writes a line as it is, with its newline, if the level is logged. */
  line(level: LogLevel, render: (now: number) => string): void;
  /** Bytes that stderr has not taken yet. */
  backlog(): number;
}

/** A log on stderr: lines for people, or JSON with the keys that log collectors know. */
export function createLogger(
  { err }: LogSink,
  { level, format }: Pick<LogOptions, 'level' | 'format'>,
  now: () => number,
): LineLog {
  const renderLine = format === 'json' ? renderJsonLine : renderTextLine;
  const line: LineLog['line'] = (lineLevel, render) => {
    if (RANK[lineLevel] >= RANK[level]) err.write(render(now()));
  };
  return {
    format,
    line,
    backlog: () => err.backlog ?? 0,
    write: (lineLevel, message, fields = {}) =>
      line(lineLevel, (time) => renderLine({ level: lineLevel, message, fields, now: time })),
  };
}

/** Tells a collector of JSON how a run has ended, whatever the level of the log is. */
export function logFinish(fields: Line['fields'], sink: LogSink): void {
  createLogger(sink, { level: 'info', format: 'json' }, Date.now).write('info', 'run finished', fields);
}

interface Line {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
  readonly now: number;
}

function renderTextLine({ level, message, fields }: Line): string {
  const pairs = Object.entries(fields).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  return escapeLines(`${level.toUpperCase().padEnd(7)} ${message}${pairs.join('')}\n`);
}

function renderJsonLine({ level, message, fields, now }: Line): string {
  const line = { time: new Date(now).toISOString(), severity: level.toUpperCase(), message, ...fields };
  return escapeLines(`${JSON.stringify(line)}\n`);
}
