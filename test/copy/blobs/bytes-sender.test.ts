import { describe, expect, it } from 'vitest';
import { BytesSender } from '../../../src/copy/blobs/bytes-sender.ts';
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
  const sender = new BytesSender({ destination: registry, clock: new FakeClock() });
  const verbs = () => registry.log().map((line) => line.replace(/ sha256:.*/, ''));
  return { registry, verbs, send: (to = HERE) => sender.send(to, BYTES, signal) };
}

describe('bytes of this process', () => {
  it('are uploaded once for each repository', async () => {
    const { send, verbs } = setUp();
    await Promise.all([send(), send(), send(repository('p.io/p/b'))]);
    await send();
    expect(verbs().filter((verb) => verb.startsWith('finish'))).toEqual([
      'finish p.io/p/a',
      'finish p.io/p/b',
    ]);
  });

  it('are sent again after a temporary failure', async () => {
    const { registry, send, verbs } = setUp();
    registry.fail({ verb: 'finish' }, { error: FLAKY, times: 2 });
    await send();
    expect(verbs().filter((verb) => verb === 'finish p.io/p/a')).toHaveLength(3);
  });

  it('are not sent again without access, and the next call tries', async () => {
    const { registry, send } = setUp();
    registry.fail({ verb: 'start' }, { error: FORBIDDEN, times: 1 });
    await expect(send()).rejects.toBe(FORBIDDEN);
    await send();
  });
});
