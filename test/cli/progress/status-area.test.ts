import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatusArea } from '../../../src/cli/progress/status-area.ts';
import { FakeTerminal } from '../../doubles/fake-terminal.ts';

const WIDTH = 20;
const text = fc.stringMatching(/^[a-z0-9]{1,30}$/);
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('write' as const), lines: fc.array(text, { minLength: 1, maxLength: 3 }) }),
    fc.record({
      kind: fc.constant('show' as const),
      lines: fc.array(
        text.map((line) => line.slice(0, WIDTH - 1)),
        { maxLength: 4 },
      ),
    }),
    fc.record({ kind: fc.constant('clear' as const), lines: fc.constant([]) }),
  ),
  { maxLength: 20 },
);

describe('the status area of a terminal', () => {
  it('is below all that was written, which stays as it was, and each change is one write', () => {
    fc.assert(
      fc.property(steps, (steps) => {
        const terminal = new FakeTerminal(WIDTH);
        const area = new StatusArea(terminal);
        const written: string[] = [];
        let shown: readonly string[] = [];
        for (const { kind, lines } of steps) {
          const before = terminal.writes;
          if (kind === 'write') {
            area.write(lines.map((line) => `${line}\n`).join(''));
            written.push(
              ...lines.flatMap((line) => [line.slice(0, WIDTH), line.slice(WIDTH)].filter(Boolean)),
            );
          } else if (kind === 'show') {
            area.show(lines);
            shown = lines;
          } else {
            area.clear();
            shown = [];
          }
          expect(terminal.writes - before).toBeLessThanOrEqual(1);
          expect(terminal.screen).toEqual([...written, ...shown]);
        }
      }),
      { seed: 20261121 },
    );
  });

  it('never shows an empty line in between: what is overwritten is erased after', () => {
    const written: string[] = [];
    const area = new StatusArea(
      Object.assign(new FakeTerminal(), { write: (text: string) => written.push(text) > 0 }),
    );
    area.show(['one', 'two']);
    area.show(['three', 'four']);
    expect(written[1]).toBe('\r\u001b[1Athree\u001b[K\nfour\u001b[K\u001b[J');
  });

  it('finds its place in a terminal that has become narrower and has wrapped its lines', () => {
    const terminal = new FakeTerminal(40);
    const written: string[] = [];
    const area = new StatusArea(Object.assign(terminal, { write: (text: string) => written.push(text) > 0 }));
    area.show(['x'.repeat(39), 'y']);
    terminal.columns = 20;
    area.clear();
    expect(written.at(-1)).toBe('\r\u001b[2A\u001b[J');
  });

  it.each([
    [undefined, 79],
    [0, 79],
    [120, 119],
  ])('of a stream with %s columns lets lines have %s', (columns, expected) => {
    expect(new StatusArea(Object.assign(new FakeTerminal(), { columns })).columns).toBe(expected);
  });
});
