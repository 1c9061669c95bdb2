import { describe, expect, it } from 'vitest';
import { UploadOpener } from '../../../src/copy/blobs/upload-opener.ts';
import { digestOf } from '../../../src/image/digest.ts';
import { UNKNOWN_SIZE } from '../../../src/image/oci-manifest.ts';
import type { UploadSession } from '../../../src/ports/registry.ts';
import { RegistryError } from '../../../src/ports/registry-error.ts';
import { image, layer } from '../../builders/images.ts';
import { repository } from '../../builders/manifests.ts';
import { MemoryRegistry, type MemoryRegistryOptions } from '../../doubles/memory-registry.ts';

const SHARED = layer('shared');
const HERE = repository('p.io/p/a');
const NEVER = new AbortController().signal;

function setUp(anonymousMounts: Required<MemoryRegistryOptions>['anonymousMounts']) {
  const registry = new MemoryRegistry({ anonymousMounts });
  registry.push('p.io/old/app', image({ seed: 'old', layers: [SHARED] }));
  const opener = new UploadOpener(registry);
  const blob = { digest: SHARED.digest, size: UNKNOWN_SIZE, mediaType: '' };
  const read = () => Promise.reject(new Error('not read'));
  const open = () => opener.open({ repository: HERE, blob, read }, NEVER);
  return { registry, opener, open };
}

describe('to open an upload', () => {
  it('may find that the host has the blob, and from then on tells what is there', async () => {
    const { opener, open } = setUp('honoured');
    expect(opener.findsBlobs('p.io')).toBe(false);
    expect(await open()).toBe('mounted');
    expect(opener.findsBlobs('p.io')).toBe(true);
    expect(opener.findsBlobs('q.io')).toBe(false);
  });

  it('costs one request where the host does not look for the blob', async () => {
    const { registry, opener, open } = setUp('refused');
    expect(await open()).toMatchObject({ repository: HERE, received: 0 });
    expect(registry.calls).toHaveLength(1);
    expect(opener.findsBlobs('p.io')).toBe(false);
  });

  it('is done without a mount where the host takes that for a mistake', async () => {
    const { registry, open } = setUp('denied');
    expect(await open()).toMatchObject({ received: 0 });
    expect(registry.log()).toEqual([`start p.io/p/a ${SHARED.digest}`, 'start p.io/p/a']);
    registry.calls.length = 0;
    await open();
    expect(registry.log()).toEqual(['start p.io/p/a']);
  });

  it('is done without a mount where that is answered with what makes no sense', async () => {
    const { registry, open } = setUp('refused');
    const error = new RegistryError('unexpected', 'POST: 200', { status: 200 });
    registry.fail({ verb: 'start', what: SHARED.digest }, { error });
    expect(await open()).toMatchObject({ received: 0 });
    expect(registry.log()).toEqual([`start p.io/p/a ${SHARED.digest}`, 'start p.io/p/a']);
  });

  it('fails where nobody has answered: to ask for less would be no better', async () => {
    const { registry, open } = setUp('refused');
    const error = new RegistryError('refused', 'POST: the address is refused');
    registry.fail({ verb: 'start' }, { error, times: 1 });
    await expect(open()).rejects.toBe(error);
    expect(registry.calls).toHaveLength(1);
  });

  it.each(['unauthorized', 'unavailable', 'unreachable'] as const)(
    'fails once, not twice, when the host is %s',
    async (code) => {
      const { registry, open } = setUp('refused');
      registry.fail({ verb: 'start' }, { error: new RegistryError(code, 'POST', { status: 403 }) });
      await expect(open()).rejects.toMatchObject({ code });
      expect(registry.calls).toHaveLength(1);
    },
  );
});

describe('a small blob', () => {
  const BYTES = Buffer.from('small');
  const blob = { digest: digestOf(BYTES), size: BYTES.length, mediaType: '' };

  async function send(answer: () => Promise<'stored' | UploadSession>, count = 3) {
    const registry = new MemoryRegistry();
    let sent = 0;
    let [running, peak] = [0, 0];
    const putBlob = async () => {
      sent += 1;
      running += 1;
      peak = Math.max(peak, running);
      try {
        return await answer();
      } finally {
        running -= 1;
      }
    };
    const opener = new UploadOpener(Object.assign(registry, { putBlob }));
    const read = () => Promise.resolve(BYTES);
    const opened = await Promise.allSettled(
      Array.from({ length: count }, () => opener.open({ repository: HERE, blob, read }, NEVER)),
    );
    return {
      opened: opened.map((one) => (one.status === 'fulfilled' ? one.value : one.reason)),
      sent,
      peak,
      registry,
    };
  }

  it('is sent in one request, all at once where the host has taken the first', async () => {
    const { opened, sent, peak } = await send(() => Promise.resolve('stored'));
    expect({ opened, sent, peak }).toEqual({ opened: ['stored', 'stored', 'stored'], sent: 3, peak: 2 });
  });

  it('goes to the upload that the host opens instead, and no other is sent so', async () => {
    const session = { repository: HERE, location: 'https://test/uploads/0', received: 0 };
    const { opened, sent, registry } = await send(() => Promise.resolve(session));
    expect(opened[0]).toBe(session);
    expect({ sent, uploads: registry.count({ verb: 'start' }) }).toEqual({ sent: 1, uploads: 2 });
  });

  it.each([400, 404, 405, 411, 413])('is uploaded where the host refuses the request: %i', async (status) => {
    const error = new RegistryError('refused', `POST: ${status}`, { status });
    const { opened, sent, registry } = await send(() => Promise.reject(error));
    expect(opened).toMatchObject([{ received: 0 }, { received: 0 }, { received: 0 }]);
    expect({ sent, uploads: registry.count({ verb: 'start' }) }).toEqual({ sent: 1, uploads: 3 });
  });

  it('fails where the host does not answer, which tells nothing about the next one', async () => {
    const error = new RegistryError('unreachable', 'POST: ECONNRESET');
    const { opened, sent } = await send(() => Promise.reject(error));
    expect({ opened, sent }).toEqual({ opened: [error, error, error], sent: 3 });
  });
});
