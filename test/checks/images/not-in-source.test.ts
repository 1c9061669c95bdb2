import { describe, expect, it } from 'vitest';
import { notInSource } from '../../../src/checks/images/not-in-source.ts';
import { image } from '../../builders/images.ts';
import { inFile } from '../../builders/manifests.ts';
import { MemoryRegistry } from '../../doubles/memory-registry.ts';
import { check } from '../checking.ts';

const A = image({ seed: 'a' });
const DIGEST = A.manifest.digest;
const rule = (manifests: Parameters<typeof notInSource>[0]) => notInSource(manifests, { level: 'warn' });

const WRONG = inFile('manifests/x/promoter-manifest.yaml')
  .from('s.io/x')
  .to('p.io/x')
  .promote({ app: { [DIGEST]: ['v1', 'v2'] }, web: {} });
const OTHER = inFile('manifests/y/promoter-manifest.yaml').from('s.io/y').to('p.io/y').promote({ tool: {} });

async function find(holder: string) {
  const registry = new MemoryRegistry();
  registry.push(holder, A);
  const checked = await check([rule([WRONG, OTHER])], registry, WRONG, OTHER);
  return { ...checked, queries: registry.log({ verb: 'fetch' }) };
}

describe('not-in-source', () => {
  it('finds the digest in the source of another project', async () => {
    const { findings } = await find('s.io/y/app');
    expect(findings).toMatchObject([
      {
        rule: 'not-in-source',
        level: 'warn',
        message: `${DIGEST} is not in s.io/x/app, but in s.io/y/app, the source of "manifests/y/promoter-manifest.yaml"`,
        edges: ['p.io/x/app:v1', 'p.io/x/app:v2'],
        at: { line: 4 },
      },
    ]);
  });

  it('finds the digest under another name of its project', async () => {
    const { findings } = await find('s.io/x/web');
    expect(findings[0]?.message).toContain('but in s.io/x/web');
  });

  it('asks each other source once, and says nothing of a digest that none has', async () => {
    const { findings, queries } = await find('s.io/z/app');
    expect(findings).toEqual([]);
    expect(queries).toEqual([`fetch s.io/x/web ${DIGEST}`, `fetch s.io/y/app ${DIGEST}`]);
  });

  it('asks nothing where nothing is lost', async () => {
    expect((await find('s.io/x/app')).queries).toEqual([]);
  });

  it('does without a source that does not answer', async () => {
    const registry = new MemoryRegistry();
    registry.push('s.io/y/app', A);
    registry.atCall(({ repository }) => (repository === 's.io/x/web' ? new Error('down') : undefined));
    const { findings } = await check([rule([WRONG, OTHER])], registry, WRONG, OTHER);
    expect(findings[0]?.message).toContain('but in s.io/y/app');
  });

  it('asks 500 times at most, and says what it left out', async () => {
    const others = Array.from({ length: 600 }, (_, number) =>
      inFile(`${number}.yaml`).from(`s.io/y${number}`).to(`p.io/y${number}`).promote({}),
    );
    const registry = new MemoryRegistry();
    const all = [WRONG, ...others];
    const { findings } = await check([rule(all)], registry, ...all);
    expect(registry.count({ verb: 'fetch' })).toBe(500);
    expect(findings).toMatchObject([{ message: expect.stringMatching(/^1 lost digest not queried/) }]);
  });
});
