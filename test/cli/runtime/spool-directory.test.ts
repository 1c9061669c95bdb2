import { describe, expect, it } from 'vitest';
import { spoolDirectory } from '../../../src/cli/runtime/spool-directory.ts';

describe('the directory of large temporary files', () => {
  it('is what TMPDIR says', () => {
    expect(spoolDirectory({ TMPDIR: '/big' })).toBe('/big');
  });

  it('is the usual one where TMPDIR is empty, as where it is not set', () => {
    expect(spoolDirectory({ TMPDIR: '' })).toBe(spoolDirectory({}));
    expect(spoolDirectory({})).toMatch(/tmp$/i);
  });
});
