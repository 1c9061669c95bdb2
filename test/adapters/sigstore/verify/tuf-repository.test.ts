// Covers src/adapters/sigstore/verify/tuf-fetcher.ts

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { InputFault } from '../../../../src/base/errors.ts';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readTrustedRootOf } from '../../../../src/adapters/sigstore/verify/tuf-repository.ts';
import type { Log } from '../../../../src/ports/log.ts';
import { createTufRepository, type TufFiles } from '../../../builders/tuf-repository.ts';

const [OLD, NEW] = [Buffer.from('{"old":1}'), Buffer.from('{"new":1}')];
const MIRROR = new URL('https://tuf.example.com/sigstore/');

const repository = createTufRepository();
let cache: string;
let warnings: string[];

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'tuf-test-'));
  warnings = [];
});

afterEach(() => {
  rmSync(cache, { recursive: true, force: true });
});

const log: Log = {
  write: (_, message, fields) => void warnings.push(`${message}: ${String(fields?.['reason'])}`),
};

/** The mirror as a `fetch`; without files, one that nobody can reach. */
function mirror(files: TufFiles | undefined, requests: string[] = []): typeof fetch {
  return async (input) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    if (files === undefined) throw new Error('connection refused');
    const file = pathname.replace('/sigstore', '');
    requests.push(file);
    const bytes = files.get(file);
    return new Response(bytes === undefined ? null : Buffer.from(bytes), {
      status: bytes === undefined ? 404 : 200,
    });
  };
}

interface Given {
  /** Whether the first root is known. Default true. */
  readonly hasRoot?: boolean;
  /** Receives the path of each request. */
  readonly requests?: string[];
}

async function read(files: TufFiles | undefined, { hasRoot = true, requests }: Given = {}) {
  const initialRoot = hasRoot ? repository.initialRoot : undefined;
  const fetch = mirror(files, requests);
  const request = { mirror: MIRROR, cache, initialRoot, shippedRoot: undefined, fetch, log };
  return Buffer.from(await readTrustedRootOf(request, new AbortController().signal)).toString();
}

describe('a trusted root', () => {
  it('comes from the mirror', async () => {
    const requests: string[] = [];
    expect(await read(repository.files(NEW), { requests })).toBe(NEW.toString());
    expect(requests).toHaveLength(5);
    expect(warnings).toEqual([]);
  });

  it('comes from the cache where the mirror has nothing new, without the initial root', async () => {
    const files = repository.files(NEW);
    await read(files);
    const requests: string[] = [];
    expect(await read(files, { hasRoot: false, requests })).toBe(NEW.toString());
    expect(requests).toEqual(['/2.root.json', '/timestamp.json']);
  });

  it('follows the mirror', async () => {
    await read(repository.files(OLD));
    expect(await read(repository.files(NEW, { version: 2 }))).toBe(NEW.toString());
  });

  it('comes from the cache, with a warning, while the mirror is unreachable', async () => {
    await read(repository.files(NEW));
    expect(await read(undefined)).toBe(NEW.toString());
    expect(warnings).toEqual([
      expect.stringMatching(/^TUF mirror unreachable, .*: -tuf-mirror=".*": connection refused$/),
    ]);
  });

  it('two processes at once leave a whole cache', async () => {
    const [first, second] = await Promise.all([
      read(repository.files(NEW, { version: 2 })),
      read(repository.files(NEW, { version: 2 })),
    ]);
    expect([first, second]).toEqual([NEW.toString(), NEW.toString()]);
    expect(await read(undefined, { hasRoot: false })).toBe(NEW.toString());
  });

  it('a cache that cannot be written is a warning', async () => {
    writeFileSync(join(cache, encodeURIComponent('tuf.example.com/sigstore')), '');
    expect(await read(repository.files(NEW))).toBe(NEW.toString());
    expect(warnings).toEqual([expect.stringMatching(/^TUF cache not written: /)]);
  });
});

describe('no trusted root', () => {
  const ADVICE = /: give a trusted root with -trusted-root=FILE to work without the mirror$/;

  it('where the mirror is unreachable and nothing is cached', async () => {
    await expect(read(undefined)).rejects.toThrow(/^-tuf-mirror=".*": connection refused: /);
    await expect(read(undefined)).rejects.toThrow(ADVICE);
    expect(readdirSync(cache)).toEqual([]);
  });

  it('where the mirror is unreachable and the cache has expired', async () => {
    await read(repository.files(NEW, { lifetime: 1000 }));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2000 });
    try {
      await expect(read(undefined)).rejects.toThrow(ADVICE);
    } finally {
      vi.useRealTimers();
    }
  });

  it('where the metadata of the mirror has expired', async () => {
    await expect(read(repository.files(NEW, { lifetime: -60_000 }))).rejects.toThrow(/expired/);
  });

  it('where the mirror goes back to an older version', async () => {
    await read(repository.files(NEW, { version: 2 }));
    await expect(read(repository.files(OLD, { version: 1 }))).rejects.toThrow(ADVICE);
    expect(await read(undefined)).toBe(NEW.toString());
  });

  it('where another key has signed', async () => {
    await expect(read(createTufRepository().files(NEW))).rejects.toThrow(ADVICE);
  });

  it('where the target is another file', async () => {
    const files = new Map(repository.files(NEW));
    for (const path of files.keys()) if (path.startsWith('/targets/')) files.set(path, OLD);
    await expect(read(files)).rejects.toThrow(ADVICE);
  });

  it('where nothing names the first root', async () => {
    const reading = read(repository.files(NEW), { hasRoot: false });
    await expect(reading).rejects.toThrow(/needs initial root metadata: give it with -tuf-root=FILE$/);
    await expect(reading).rejects.toThrow(InputFault); // exit code 2
  });

  it('where the mirror answers with endless metadata', async () => {
    const files = new Map([...repository.files(NEW), ['/timestamp.json', Buffer.alloc(1024 * 1024)]]);
    await expect(read(files)).rejects.toThrow('more than');
  });
});
