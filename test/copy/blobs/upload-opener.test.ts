import { describe, expect, it } from 'vitest';
import { UploadOpener } from '../../../src/copy/blobs/upload-opener.ts';
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
  const open = () => opener.open(HERE, SHARED.digest, NEVER);
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
