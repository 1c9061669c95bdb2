import { describe, expect, it } from 'vitest';
import { renderAnnotations } from '../../../src/report/remarks/github-annotations.ts';
import type { Remark } from '../../../src/report/remarks/remark.ts';

const remark = (change: Partial<Remark> = {}): Remark => ({
  rule: 'moving-tag',
  level: 'warn',
  message: 'm',
  at: { file: 'images/x/images.yaml', line: 3, column: 5 },
  ...change,
});

describe('annotations', () => {
  it('have file, line, column and the rule as title', () => {
    expect(renderAnnotations([remark(), remark({ level: 'error', at: undefined })])).toBe(
      '::error title=cip%3A moving-tag::m\n::warning file=images/x/images.yaml,line=3,col=5,title=cip%3A moving-tag::m\n',
    );
  });

  it('escape text that would end a property or the command', () => {
    const at = { file: 'a,b:c%\n::error::x', line: 1, column: 1 };
    expect(renderAnnotations([remark({ message: '100%\r\n::add-mask::x, a: b', at })])).toBe(
      '::warning file=a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3Ax,line=1,col=1,title=cip%3A moving-tag::100%25%0D%0A::add-mask::x, a: b\n',
    );
  });

  it('are as many as GitHub shows of each level, and a notice counts the others', () => {
    const many = Array.from({ length: 12 }, () => remark());
    const errors = Array.from({ length: 11 }, () => remark({ level: 'error' }));
    const lines = renderAnnotations([...many, ...errors])
      .trimEnd()
      .split('\n');
    expect(lines.map((line) => line.split(' ')[0])).toEqual([
      ...Array.from({ length: 10 }, () => '::error'),
      ...Array.from({ length: 10 }, () => '::warning'),
      '::notice',
    ]);
    expect(lines.at(-1)).toBe('::notice title=cip::3 more findings in the log');
  });

  it('are none without a finding', () => {
    expect(renderAnnotations([])).toBe('');
  });
});
