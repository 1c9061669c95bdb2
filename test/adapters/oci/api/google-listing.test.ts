import { execFile } from 'node:child_process';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from '../../../doubles/tools.ts';

/**
 * Reads one page of 2,000 digests again and again, and prints the length of its text and the bytes that each reading
 * leaves on the heap after two minor collections.
 */
const PROGRAM = `
import { GoogleListing } from './src/adapters/oci/api/google-listing.ts';
import { parseJsonObject } from './src/base/json.ts';

const READINGS = 10;
const tags = Array.from({ length: 2000 }, (_, number) => 'v' + number);
const entries = tags.map((tag, number) => [
  'sha256:' + number.toString(16).padStart(64, '0'),
  { imageSizeBytes: '1', mediaType: 'type ' + number, tag: [tag], timeUploadedMs: String(number) },
]);
const page = JSON.stringify({ child: [], manifest: Object.fromEntries(entries), tags });

function read() {
  const pages = new GoogleListing(() => {});
  pages.add(parseJsonObject(page) ?? {});
  if (pages.tagWithoutDigest() !== undefined) throw new Error('a tag without a digest');
  const listing = pages.listing();
  if (listing.kind !== 'digests' || listing.tags.size !== tags.length) throw new Error('another listing');
}

read(); // what is made once: code, hidden classes, names
gc({ type: 'major' });
const before = process.memoryUsage().heapUsed;
for (let reading = 0; reading < READINGS; reading++) {
  read();
  gc({ type: 'minor' });
  gc({ type: 'minor' });
}
const kept = process.memoryUsage().heapUsed - before;
console.log(page.length, kept / READINGS);
`;

describe('a listing that was read', () => {
  it('is freed by a minor collection: nothing that outlives one refers to it', async () => {
    const [page = 0, kept = Number.NaN] = (await run(PROGRAM)).split(' ').map(Number);
    // a page that is kept takes as much as its text, or more
    expect(kept).toBeLessThan(page / 4);
  });
});

/** The output of a program with a heap of its own, which V8 collects in one thread: other tests leave it as it is. */
async function run(contents: string): Promise<string> {
  const stdin = { contents, resolveDir: repositoryRoot(), loader: 'ts' as const };
  const { outputFiles } = await build({ stdin, bundle: true, write: false, format: 'esm', platform: 'node' });
  const flags = ['--expose-gc', '--single-threaded', '--min-semi-space-size=16', '--max-semi-space-size=16'];
  const args = [...flags, '--input-type=module', '-e', outputFiles[0]?.text ?? ''];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { env: {} }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
  });
}
