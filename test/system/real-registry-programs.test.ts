import { describe, expect, it } from 'vitest';
import { corpus } from '../builders/corpus.ts';
import { pushCorpus } from '../builders/push-corpus.ts';
import { availableRegistries, startRealRegistry } from '../doubles/real-registries.ts';
import { findTool, runTool } from '../doubles/tools.ts';

const small = corpus({ names: 2, versions: 2, platforms: 2 });

describe.each(availableRegistries())('the real registry %s', (kind) => {
  it('starts empty, takes a corpus, counts requests and ends', async () => {
    const registry = await startRealRegistry(kind, { memory: true });
    try {
      expect([0, undefined]).toContain(await registry.requests());
      await pushCorpus(registry.host, 'staging', small);
      const log = await registry.requestLog();
      expect(registry.version).toMatch(/^\d+\.\d+/);
      if (log === undefined) return;
      const manifests = log.filter(({ method, url }) => method === 'PUT' && url.includes('/manifests/'));
      expect(manifests).toHaveLength(small.images.length * 3);
      expect(await registry.requests()).toBe(log.length);
    } finally {
      await registry.stop();
    }
    await expect(fetch(`http://${registry.host}/v2/`)).rejects.toThrow('fetch failed');
  });

  it.skipIf(findTool('crane') === undefined)('serves the digests of a corpus to crane', async () => {
    const registry = await startRealRegistry(kind);
    try {
      await pushCorpus(registry.host, 'staging', small);
      for (const { repository, tag, index } of small.images) {
        const { stdout } = await runTool('crane', [
          'digest',
          `${registry.host}/staging/${repository}:${tag}`,
        ]);
        expect(stdout.trim()).toBe(index.digest);
      }
    } finally {
      await registry.stop();
    }
  });
});
