import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createProgressDisplay } from '../../src/cli/progress-display.ts';

describe('the progress display', () => {
  it('draws one line over and over, not more often than somebody can read, and leaves nothing', () => {
    const err = new PassThrough({ encoding: 'utf8' });
    let now = 0;
    const progress = createProgressDisplay({ out: new PassThrough(), err }, () => now);
    progress.begin('copy', 3);
    progress.advance();
    now = 1000;
    progress.advance();
    progress.end();
    const frames = String(err.read()).split('\r\u001b[K');
    expect(frames).toEqual(['', 'promoting 0/3', 'promoting 2/3', '']);
  });

  it('shows nothing of a stage without steps', () => {
    const err = new PassThrough({ encoding: 'utf8' });
    const progress = createProgressDisplay({ out: new PassThrough(), err }, () => 0);
    progress.begin('source', 0);
    progress.end();
    expect(String(err.read() ?? '')).not.toContain('0/0');
  });
});
