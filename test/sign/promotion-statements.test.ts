import { describe, expect, it } from 'vitest';
import { promotionStatement, summaryStatement } from '../../src/sign/promotion-statements.ts';
import { digest, repository, tag } from '../builders/manifests.ts';

const A = digest('a');
const HEX = A.slice('sha256:'.length);
const NOW = Date.UTC(2026, 10, 28, 17, 0, 0, 123);
const AT = { file: 'manifests/app.yaml', line: 3, column: 1 };
const FACTS = {
  version: '1.2.3',
  manifests: { commit: 'c0ffee', uri: 'https://example.com/m' },
  job: { name: 'promote', type: 'postsubmit', buildId: '7', prowJobId: undefined },
};

const place = (name: string, publicName = name) => ({
  repository: repository(name),
  publicName: repository(publicName),
  want: {
    digest: A,
    tags: [{ tag: tag('v1'), at: [AT] }],
    tagless: undefined,
    sources: [repository('staging.io/app')],
    siblings: [],
  },
});

const parse = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString());

describe('the statement of a promotion', () => {
  it('has one subject for each public name, and the fields of the predicate', () => {
    const image = {
      digest: A,
      places: [place('eu.io/p/app', 'r.io/app'), place('us.io/p/app', 'r.io/app'), place('x.io/app')],
    };
    expect(parse(promotionStatement(image, FACTS, NOW))).toEqual({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [
        { name: 'r.io/app', digest: { sha256: HEX } },
        { name: 'x.io/app', digest: { sha256: HEX } },
      ],
      predicateType: 'https://k8s.io/promo-tools/promotion/v1',
      predicate: {
        srcRef: `staging.io/app@${A}`,
        dstRef: 'r.io/app:v1',
        digest: A,
        timestamp: '2026-11-28T17:00:00Z',
        builderId: 'https://k8s.io/promo-tools@1.2.3',
        tags: ['v1'],
        source: { name: 'staging.io/app', digest: { sha256: HEX } },
        destination: { name: 'r.io/app', digest: { sha256: HEX } },
        manifest: {
          name: 'manifests/app.yaml',
          uri: 'https://example.com/m',
          digest: { gitCommit: 'c0ffee' },
        },
        promoter: { version: '1.2.3' },
        job: { name: 'promote', type: 'postsubmit', buildId: '7' },
      },
    });
  });

  it('leaves out what is not known', () => {
    const statement = parse(
      promotionStatement({ digest: A, places: [place('eu.io/p/app')] }, { version: '1' }, NOW),
    );
    expect(statement).toMatchObject({ predicate: { manifest: { name: 'manifests/app.yaml' } } });
    expect(JSON.stringify(statement)).not.toMatch(/gitCommit|"job"/);
  });
});

describe('a verification summary', () => {
  it.each([
    ['unevaluated', 'PASSED', ['SLSA_BUILD_LEVEL_UNEVALUATED', 'K8S_PROMOTION_MANIFEST_REVIEWED']],
    [3, 'PASSED', ['SLSA_BUILD_LEVEL_3', 'K8S_PROMOTION_MANIFEST_REVIEWED']],
    ['failed', 'FAILED', ['FAILED']],
  ] as const)('of the level %s is %s', (level, verificationResult, verifiedLevels) => {
    const image = { digest: A, places: [place('us.io/p/app', 'r.io/app')] };
    const digests = [A, digest('b')];
    expect(parse(summaryStatement({ image, digests, level }, FACTS, NOW))).toMatchObject({
      subject: digests.map(() => ({ name: 'r.io/app' })),
      predicateType: 'https://slsa.dev/verification_summary/v1',
      predicate: {
        verifier: { id: 'https://k8s.io/promo-tools/verifier/v1', version: { cip: '1.2.3' } },
        timeVerified: '2026-11-28T17:00:00Z',
        resourceUri: `r.io/app@${A}`,
        policy: { uri: 'https://example.com/m#manifests/app.yaml', digest: { gitCommit: 'c0ffee' } },
        verificationResult,
        verifiedLevels,
      },
    });
  });
});
