import { readdirSync, readlinkSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openUnlinked } from '../../../src/adapters/system/unlinked-file.ts';
import { testdir } from '../../builders/testdir.ts';

async function openIn(directory: string, platform: NodeJS.Platform) {
  const handle = await openUnlinked(directory, platform);
  onTestFinished(() => handle.close());
  return handle;
}

describe('a file without a name', () => {
  it.each(['linux', 'darwin'] as const)("is nobody else's, and in no directory: %s", async (platform) => {
    const directory = await testdir({});
    const handle = await openIn(directory, platform);
    const other = await openIn(directory, platform);
    await handle.appendFile('one');
    await other.appendFile('other');
    expect((await handle.read(Buffer.alloc(9), 0, 9, 0)).buffer.toString('utf8', 0, 3)).toBe('one');
    expect((await handle.stat()).size).toBe(3);
    expect((await handle.stat()).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual([]);
  });

  it.runIf(process.platform === 'linux').each([
    ['has never had one on Linux: a crash leaves nothing', 'linux', /\/#\d+ \(deleted\)$/],
    ['has had one elsewhere', 'darwin', /\/cip-spool-\S+ \(deleted\)$/],
  ] as const)('%s', async (_what, platform, expected) => {
    const { fd } = await openIn(await testdir({}), platform);
    expect(readlinkSync(`/proc/self/fd/${fd}`)).toMatch(expected);
  });

  it.each(['linux', 'darwin'] as const)('cannot be had where there is no directory: %s', async (platform) => {
    await expect(openUnlinked('/nonexistent/spool', platform)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
