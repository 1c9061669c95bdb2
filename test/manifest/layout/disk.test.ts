import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBounded } from '../../../src/manifest/layout/disk.ts';
import { testdir } from '../../builders/testdir.ts';

function read(path: string, maxBytes: number, links: 'follow' | 'refuse' = 'follow') {
  return readBounded(path, { maxBytes, links, signal: new AbortController().signal });
}

describe('a bounded read', () => {
  it.each([
    [0, 10],
    [1, 10],
    [10, 10],
    [100_000, 100_000],
  ])('has %i bytes where %i are allowed', async (size, maxBytes) => {
    const content = Buffer.alloc(size, 'a');
    const directory = await testdir({ file: content });
    expect(await read(join(directory, 'file'), maxBytes)).toEqual({ kind: 'ok', value: content });
  });

  it('says that one byte is too many', async () => {
    const directory = await testdir({ file: 'a'.repeat(11) });
    expect(await read(join(directory, 'file'), 10)).toEqual({ kind: 'too-large' });
  });

  it('refuses a named pipe, which may never be written to', async () => {
    const pipe = join(await testdir({ 'directory/': '' }), 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(await read(pipe, 50_000)).toEqual({
      kind: 'unreadable',
      reason: 'it is a named pipe, expected a file',
    });
  });

  it('does not follow a link where none was expected', async () => {
    const directory = await testdir({ file: 'a', link: { link: 'file' } });
    expect(await read(join(directory, 'link'), 10)).toMatchObject({ kind: 'ok' });
    expect(await read(join(directory, 'link'), 10, 'refuse')).toMatchObject({
      kind: 'unreadable',
      reason: 'it is a symbolic link, expected a file',
    });
  });

  it('names a missing file', async () => {
    const directory = await testdir({ file: 'a' });
    expect(await read(join(directory, 'nowhere'), 10)).toEqual({ kind: 'missing' });
    expect(await read(join(directory, 'file/below'), 10)).toEqual({ kind: 'not-a-directory' });
    expect(await read(directory, 10)).toMatchObject({ kind: 'unreadable' });
  });
});
