import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { GoogleListing } from '../../../../src/adapters/oci/api/google-listing.ts';
import { parseJsonObject } from '../../../../src/base/json.ts';

const DIGESTS = 2000;
const READINGS = 10;

setFlagsFromString('--expose-gc');
const collect: (how: { readonly type: 'minor' | 'major' }) => void = runInNewContext('gc');

describe('a listing that was read', () => {
  it('is freed by a minor collection: nothing that outlives one refers to it', () => {
    const page = JSON.stringify({ child: [], manifest: Object.fromEntries(entries()), tags: tags() });
    readListing(page); // what is made once: code, hidden classes, names
    collect({ type: 'major' });
    const before = process.memoryUsage().heapUsed;
    for (let reading = 0; reading < READINGS; reading++) {
      readListing(page);
      collect({ type: 'minor' });
      collect({ type: 'minor' });
    }
    const kept = process.memoryUsage().heapUsed - before;
    // a page that is kept takes as much as its text, or more
    expect(kept / READINGS).toBeLessThan(page.length / 4);
  });
});

function readListing(text: string): void {
  const pages = new GoogleListing(() => {});
  pages.add(parseJsonObject(text) ?? {});
  expect(pages.tagWithoutDigest()).toBeUndefined();
  expect(pages.listing()).toMatchObject({ kind: 'digests', children: [] });
}

function entries() {
  return tags().map((tag, number) => [
    `sha256:${number.toString(16).padStart(64, '0')}`,
    { imageSizeBytes: '1', mediaType: `type ${number}`, tag: [tag], timeUploadedMs: `${number}` },
  ]);
}

function tags(): string[] {
  return Array.from({ length: DIGESTS }, (_, number) => `v${number}`);
}
