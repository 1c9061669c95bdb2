import { describe, expect, it } from 'vitest';
import { BlobUploader } from '../../../src/copy/blobs/blob-uploader.ts';
import { RegistryError } from '../../../src/ports/registry-error.ts';
import { repository } from '../../builders/manifests.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { MemoryRegistry } from '../../doubles/memory-registry.ts';

const HERE = repository('p.io/p/a');
const BYTES = Buffer.from('a signature');
const FLAKY = new RegistryError('unavailable', 'PUT: 503', { status: 503, temporary: true });
const FORBIDDEN = new RegistryError('unauthorized', 'POST: 403', { status: 403 });
const { signal } = new AbortController();

function setUp() {
  const registry = new MemoryRegistry();
  const uploader = new BlobUploader({ destination: registry, clock: new FakeClock() });
  const verbs = () => registry.log().map((line) => line.replace(/ sha256:.*/, ''));
  return { registry, verbs, upload: (to = HERE) => uploader.upload(to, BYTES, signal) };
}

describe('a blob in memory', () => {
  it('is uploaded once to each repository', async () => {
    const { upload, verbs } = setUp();
    await Promise.all([upload(), upload(), upload(repository('p.io/p/b'))]);
    await upload();
    expect(verbs().filter((verb) => verb.startsWith('finish'))).toEqual([
      'finish p.io/p/a',
      'finish p.io/p/b',
    ]);
  });

  it('is sent again after a temporary failure', async () => {
    const { registry, upload, verbs } = setUp();
    registry.fail({ verb: 'finish' }, { error: FLAKY, times: 2 });
    await upload();
    expect(verbs().filter((verb) => verb === 'finish p.io/p/a')).toHaveLength(3);
  });

  it('is not sent again without access, until the next call', async () => {
    const { registry, upload } = setUp();
    registry.fail({ verb: 'start' }, { error: FORBIDDEN, times: 1 });
    await expect(upload()).rejects.toBe(FORBIDDEN);
    await upload();
  });
});
