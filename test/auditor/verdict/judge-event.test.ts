// Covers src/auditor/verdict/allowed-images.ts
// Covers src/auditor/verdict/child-finder.ts
// Covers src/auditor/verdict/verdict.ts
import { describe, expect, it } from 'vitest';
import type { RegistryEvent } from '../../../src/auditor/events/registry-event.ts';
import { groupExtraImages } from '../../../src/auditor/verdict/allowed-images.ts';
import { type Judgement, judgeDirectly } from '../../../src/auditor/verdict/judge-event.ts';
import { formatVerdict } from '../../../src/auditor/verdict/verdict.ts';
import { RegistryError } from '../../../src/ports/registry-error.ts';
import { image, index, multiArch, nestedIndex } from '../../builders/images.ts';
import { digest, from, repository } from '../../builders/manifests.ts';
import { MemoryRegistry } from '../../doubles/memory-registry.ts';
import { judgement, verdictOn } from '../judging.ts';

const [A, B, C] = [digest('a'), digest('b'), digest('c')];
const SOURCE = 'gcr.io/staging';
const PROD = 'eu.gcr.io/prod';
const APP = `${PROD}/app`;

function written(change: Partial<RegistryEvent>): RegistryEvent {
  return { action: 'insert', repository: APP, digest: '', tag: '', isWholeRegistry: false, ...change };
}

async function judge(event: RegistryEvent, state: Judgement): Promise<string> {
  const verdict = await verdictOn(event, state);
  return verdict.kind === 'rejected'
    ? `rejected: ${verdict.cause}: ${verdict.reason}`
    : `${verdict.kind}: ${verdict.reason}`;
}

describe('a change that the manifests decide', () => {
  const manifests = [
    from(SOURCE)
      .to(PROD, 'us.gcr.io/prod')
      .promote({ app: { [A]: ['v1', 'latest'], [B]: [] } }),
  ];

  it.each([
    ['a tag on its digest', { digest: A, tag: 'v1' }, 'verified: agrees with manifest'],
    ['a digest with tags', { digest: A }, 'verified: agrees with manifest'],
    ['a digest without tags', { digest: B }, 'verified: agrees with manifest'],
    ['a tag alone', { tag: 'v1' }, 'verified: agrees with manifest'],
    [
      'another destination',
      { repository: 'us.gcr.io/prod/app', digest: A },
      'verified: agrees with manifest',
    ],
    [
      'a tag that is not listed',
      { digest: A, tag: 'v2' },
      'rejected: tag: the digest is allowed, tag "v2" is not',
    ],
    [
      'a tag on a digest without tags',
      { digest: B, tag: 'v2' },
      'rejected: tag: the digest is allowed, tag "v2" is not',
    ],
    ['a moved tag', { digest: C, tag: 'v1' }, `rejected: tag: the manifests want tag v1 on ${A}`],
    ['a swapped tag', { digest: B, tag: 'v1' }, `rejected: tag: the manifests want tag v1 on ${A}`],
    ['an unknown digest', { digest: C }, 'rejected: digest: no manifest leads to the digest'],
    ['a malformed digest', { digest: 'sha256:0' }, 'rejected: digest: no manifest leads to the digest'],
    ['an unknown tag alone', { tag: 'v9' }, 'rejected: tag: no manifest allows tag "v9"'],
    [
      'another image',
      { repository: `${PROD}/other`, digest: A },
      'rejected: digest: no manifest leads to the digest',
    ],
    ['another registry', { repository: 'eu.gcr.io/prod2/app', digest: A }, /^rejected: unknown-repository: /],
    [
      'a source, in the topic of production',
      { repository: `${SOURCE}/app`, digest: C },
      /^rejected: unknown-repo/,
    ],
    [
      'a source, in the webhook of a registry',
      { repository: `${SOURCE}/app`, digest: C, isWholeRegistry: true },
      /^ignored/,
    ],
    [
      'a deletion',
      { action: 'delete' as const, digest: A, tag: 'v1' },
      'rejected: deletion: deletions are prohibited',
    ],
  ])('%s', async (_, change, expected) => {
    expect(await judge(written(change), judgement(manifests))).toMatch(
      expected instanceof RegExp
        ? expected
        : new RegExp(`^${expected.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`),
    );
  });

  it('in conflict is allowed for each digest that a manifest has for the tag', async () => {
    const conflict = [
      ...manifests,
      from(SOURCE)
        .to(PROD)
        .promote({ app: { [C]: ['v1'] } }),
    ];
    for (const one of [A, C])
      expect(await judge(written({ digest: one, tag: 'v1' }), judgement(conflict))).toMatch(/^verified/);
  });

  it('in a destination below a source is one of the destination', async () => {
    const nested = [
      from('reg.example.com')
        .to('reg.example.com/prod')
        .promote({ app: { [A]: [] } }),
    ];
    const change = written({ repository: 'reg.example.com/prod/app', digest: C, isWholeRegistry: true });
    expect(await judge(change, judgement(nested))).toMatch(/^rejected: digest/);
  });

  it('is accepted by a plan, with its tags and no others', async () => {
    const extra = groupExtraImages([
      { destination: repository(APP), digest: C, tag: 'v3', sources: [repository(`${SOURCE}/app`)] },
      { destination: repository(APP), digest: C, tag: 'v4', sources: [repository(`${SOURCE}/app`)] },
    ]);
    const state = { ...judgement(manifests), extra };
    for (const tag of ['v3', 'v4', ''])
      expect(await judge(written({ digest: C, tag }), state)).toBe(
        'verified: agrees with manifest (by a plan or report)',
      );
    expect(await judge(written({ digest: C, tag: 'v5' }), state)).toMatch(/^rejected: tag/);
  });
});

describe('a child', () => {
  const inner = nestedIndex('app');
  const top = inner.manifest.digest;
  const [middle] = inner.children;
  const leaf = middle?.children[0]?.manifest.digest ?? middle?.manifest.digest ?? '';
  const manifests = [
    from(SOURCE)
      .to(PROD)
      .promote({ app: { [top]: ['v1'] } }),
  ];

  function stocked(): MemoryRegistry {
    const registry = new MemoryRegistry();
    registry.push(`${SOURCE}/app`, inner, 'v1');
    return registry;
  }

  it('of a promoted index is accepted at any depth, and read once', async () => {
    const registry = stocked();
    const state = judgement(manifests, registry);
    expect(await judge(written({ digest: leaf }), state)).toBe(
      `verified: agrees with manifest (parent digest ${top})`,
    );
    const asked = registry.calls.length;
    expect(await judge(written({ digest: leaf }), state)).toMatch(/^verified/);
    expect(registry.calls.length).toBe(asked);
  });

  it('is looked for by many messages with one request for each index', async () => {
    const registry = stocked();
    const state = judgement(manifests, registry);
    await Promise.all(Array.from({ length: 20 }, () => judge(written({ digest: leaf }), state)));
    const reads = registry.calls.filter(({ verb, what }) => verb === 'fetch' && what === top);
    expect(reads).toHaveLength(1);
  });

  it('with a tag is rejected', async () => {
    expect(await judge(written({ digest: leaf, tag: 'amd64' }), judgement(manifests, stocked()))).toMatch(
      /^rejected/,
    );
  });

  it('of an index that is not promoted is rejected', async () => {
    const registry = stocked();
    const other = multiArch('other', { platforms: 2 });
    registry.push(`${SOURCE}/app`, other, 'v2');
    const digest = other.children[0]?.manifest.digest ?? '';
    expect(await judge(written({ digest }), judgement(manifests, registry))).toMatch(/^rejected: digest/);
  });

  it('is found in the destination where the source has lost the index', async () => {
    const registry = new MemoryRegistry();
    registry.push(APP, inner, 'v1');
    expect(await judge(written({ digest: leaf }), judgement(manifests, registry))).toMatch(/^verified/);
  });

  it.each([
    ['source', `${SOURCE}/app`, 'unreachable'],
    ['source', `${SOURCE}/app`, 'unauthorized'],
    ['destination, which alone may have it,', APP, 'unavailable'],
  ] as const)('of an index whose %s gives no answer is not judged (%s, %s)', async (_, place, code) => {
    const registry = new MemoryRegistry();
    registry.fail(
      { repository: repository(place) },
      { error: new RegistryError(code, 'GET https://test: down') },
    );
    await expect(judge(written({ digest: leaf }), judgement(manifests, registry))).rejects.toThrow(/down/);
  });
});

describe('an artifact', () => {
  const subject = multiArch('app', { platforms: 2 });
  const allowed = subject.manifest.digest;
  const child = subject.children[0]?.manifest.digest ?? '';
  const manifests = [
    from(SOURCE)
      .to(PROD)
      .promote({ app: { [allowed]: ['v1'] } }),
  ];
  const registry = new MemoryRegistry();
  registry.push(`${SOURCE}/app`, subject, 'v1');
  const ofSubject = image({ seed: 'sbom', subject });
  const ofStranger = image({ seed: 'other', subject: image({ seed: 'stranger' }) });
  registry.push(APP, ofSubject);
  registry.push(APP, ofStranger);

  it.each(['.sig', '.att', '.sbom', ''])(
    'with the tag sha256-…%s of an allowed digest or its child is explained',
    async (end) => {
      for (const owner of [allowed, child]) {
        const change = written({ digest: C, tag: `${owner.replace(':', '-')}${end}` });
        expect(await judge(change, judgement(manifests, registry))).toBe(
          `verified: agrees with manifest (artifact of ${owner})`,
        );
      }
      expect(
        await judge(
          written({ digest: C, tag: `sha256-${'d'.repeat(64)}${end}` }),
          judgement(manifests, registry),
        ),
      ).toMatch(/^rejected/);
    },
  );

  it('that refers to an allowed digest is explained', async () => {
    expect(
      await judge(written({ digest: ofSubject.manifest.digest }), judgement(manifests, registry)),
    ).toMatch(/^verified.*artifact/);
    expect(
      await judge(written({ digest: ofStranger.manifest.digest }), judgement(manifests, registry)),
    ).toMatch(/^rejected/);
  });
});

it('a child is rejected if the source lacks its index and no connection reaches the destination', async () => {
  const registry = new MemoryRegistry();
  registry.fail({ repository: repository(APP) }, { error: new RegistryError('unreachable', 'no address') });
  const manifests = [
    from(SOURCE)
      .to(PROD)
      .promote({ app: { [A]: [] } }),
  ];
  expect(await judge(written({ digest: C }), judgement(manifests, registry))).toMatch(/^rejected: digest/);
});

it.each(['unauthorized', 'unavailable'] as const)(
  'a digest that may be an artifact is not judged where its manifest cannot be read (%s)',
  async (code) => {
    const registry = new MemoryRegistry();
    const app = image({ seed: 'app' });
    const allowed = registry.push(`${SOURCE}/app`, app);
    registry.fail({ repository: repository(APP) }, { error: new RegistryError(code, 'down') });
    const manifests = [
      from(SOURCE)
        .to(PROD)
        .promote({ app: { [allowed]: [] } }),
    ];
    await expect(judge(written({ digest: C }), judgement(manifests, registry))).rejects.toThrow('down');
  },
);

describe('a tag whose notification never has a digest', () => {
  const app = index({ children: [image({ seed: 'app' })] });
  const manifests = [
    from(SOURCE)
      .to(PROD)
      .promote({ app: { [app.manifest.digest]: ['v1'] } }),
  ];
  const change = (tag: string) => written({ tag, lacksDigest: true, isWholeRegistry: true });

  it('is judged by the digest that it has in the registry', async () => {
    const registry = new MemoryRegistry();
    registry.push(`${SOURCE}/app`, app);
    registry.push(APP, app, 'v1');
    expect(await judge(change('v1'), judgement(manifests, registry))).toMatch(/^verified/);
    const moved = new MemoryRegistry();
    moved.push(APP, image({ seed: 'moved' }), 'v1');
    expect(await judge(change('v1'), judgement(manifests, moved))).toMatch(
      /^rejected: tag: the manifests want/,
    );
    expect(await judge(change('v9'), judgement(manifests, registry))).toMatch(/^rejected/);
  });

  it('is not judged where a manifest allows it and the registry does not show it', async () => {
    await expect(judge(change('v1'), judgement(manifests))).rejects.toThrow(
      /tag "v1" is not in the registry/,
    );
  });
});

it('a verdict is cut, and names the commit', async () => {
  const verdict = judgeDirectly(
    written({ digest: A, tag: 'x'.repeat(10_000), action: 'delete' }),
    judgement([]),
  );
  if (verdict === undefined) throw new Error('a deletion is always judged');
  const text = formatVerdict(verdict, 'ID');
  expect(text.length).toBeLessThan(4_200);
  expect(text).toMatch(/^\(ID\) TRANSACTION REJECTED: .*… \(commit 0123abc\)$/);
});
