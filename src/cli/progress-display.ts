import type { Progress } from '../ports/progress.ts';
import type { Stdio } from './stdio.ts';

const TITLES = {
  inventory: 'reading destinations',
  source: 'looking at sources',
  copy: 'promoting',
  snapshot: 'reading repositories',
} as const;
/** Milliseconds between two drawings of the line. */
const INTERVAL = 100;

export const noProgress: Progress = { begin: () => {}, advance: () => {}, end: () => {} };

/** One line on a terminal, drawn over and over, gone at the end. */
export function createProgressDisplay(stdio: Stdio, now: () => number): Progress {
  let title = '';
  let steps = 0;
  let done = 0;
  let drawn = 0;
  const draw = () => {
    drawn = now();
    stdio.err.write(`\r\u001b[K${title} ${steps > 0 ? `${done}/${steps}` : done}`);
  };
  return {
    begin: (stage, count) => {
      title = TITLES[stage];
      steps = count;
      done = 0;
      if (steps > 0) draw();
    },
    advance: (count = 1) => {
      done += count;
      if (now() - drawn >= INTERVAL) draw();
    },
    end: () => {
      stdio.err.write('\r\u001b[K');
    },
  };
}
