import type { Log } from '../../ports/log.ts';
import type { Progress } from '../../ports/progress.ts';
import type { Traffic } from '../../ports/traffic.ts';
import { NO_PROGRESS, ProgressMeter } from './meter.ts';
import { renderFields, renderLines } from './render-progress.ts';
import type { StatusArea } from './status-area.ts';

/** The form of the progress of a run. */
export type ProgressStyle = 'live' | 'log' | 'none';

export interface ProgressPorts {
  readonly traffic: Traffic;
  readonly status: StatusArea;
  readonly log: Log;
  readonly now: () => number;
  readonly timers: Timers;
}

/** Intervals, so that a test can have its own time. */
export interface Timers {
  /** Calls `tick` at this interval until the returned function is called. Keeps no process alive. */
  every(milliseconds: number, tick: () => void): () => void;
}

export const systemTimers: Timers = {
  every: (milliseconds, tick) => {
    const timer = setInterval(tick, milliseconds).unref();
    return () => clearInterval(timer);
  },
};

/** The progress of a run, and how to stop showing it. */
export interface ShownProgress {
  readonly progress: Progress;
  /** Leaves nothing on the terminal; may be called again. */
  readonly close: () => void;
}

/** Milliseconds between two drawings: as often as somebody can read. */
const REDRAWING = 200;
/** Milliseconds that the rates of hosts are of, on a terminal. */
const LIVE_WINDOW = 10_000;
/** Milliseconds between two lines in a log. */
const LOGGING = 30_000;

/** Shows progress: lines on a terminal, or a line in the log every 30 s. */
export function showProgress(style: ProgressStyle, ports: ProgressPorts): ShownProgress {
  switch (style) {
    case 'none':
      return { progress: NO_PROGRESS, close: () => {} };
    case 'live':
      return showLive(ports);
    case 'log':
      return showInLog(ports);
  }
}

function showLive({ traffic, status, now, timers }: ProgressPorts): ShownProgress {
  const meter = new ProgressMeter(traffic, { now, window: LIVE_WINDOW });
  const draw = () => {
    const snapshot = meter.read();
    status.show(snapshot === undefined ? [] : renderLines(snapshot, status.columns));
  };
  const stop = timers.every(REDRAWING, draw);
  const close = () => {
    stop();
    status.clear();
  };
  return { progress: meter, close };
}

function showInLog({ traffic, log, now, timers }: ProgressPorts): ShownProgress {
  const meter = new ProgressMeter(traffic, { now, window: LOGGING / 2 }); // back to the line before, not beyond
  const tell = () => {
    const snapshot = meter.read();
    if (snapshot !== undefined) log.write('info', 'progress', renderFields(snapshot));
  };
  return { progress: meter, close: timers.every(LOGGING, tell) };
}
