import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { LogOptions } from '../../../src/cli/flags/options/run-options.ts';
import { createLogger } from '../../../src/cli/output/logger.ts';

function linesOf(options: Pick<LogOptions, 'level' | 'format'>): string[] {
  const err = new PassThrough({ encoding: 'utf8' });
  const log = createLogger({ err }, options, () => 0);
  log.write('debug', 'small');
  log.write('info', 'manifests read', { projects: 2, file: 'a "b"' });
  log.write('warning', 'two\nlines');
  log.write('error', 'large');
  return String(err.read() ?? '')
    .split('\n')
    .slice(0, -1);
}

describe('the log', () => {
  it('is lines for people', () => {
    expect(linesOf({ level: 'debug', format: 'text' })).toEqual([
      'DEBUG   small',
      'INFO    manifests read projects=2 file="a \\"b\\""',
      'WARNING two',
      'lines',
      'ERROR   large',
    ]);
  });

  it('is JSON for machines, a line for a message', () => {
    const time = '1970-01-01T00:00:00.000Z';
    expect(linesOf({ level: 'info', format: 'json' }).map((line): unknown => JSON.parse(line))).toEqual([
      { time, severity: 'INFO', message: 'manifests read', projects: 2, file: 'a "b"' },
      { time, severity: 'WARNING', message: 'two\nlines' },
      { time, severity: 'ERROR', message: 'large' },
    ]);
  });

  it.each([
    ['debug', 4],
    ['info', 3],
    ['warning', 2],
    ['error', 1],
  ] as const)('of the level %s has %i of four messages', (level, count) => {
    expect(linesOf({ level, format: 'json' })).toHaveLength(count);
  });
});
