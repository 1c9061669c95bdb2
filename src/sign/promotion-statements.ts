import type { Digest } from '../image/digest.ts';
import { formatReference } from '../image/reference.ts';
import type { BuildLevel } from '../signature/policy/evidence.ts';
import { makeStatement } from '../signature/statement.ts';
import type { ImageToSign } from './images-to-sign.ts';

/** @see https://github.com/kubernetes-sigs/promo-tools/blob/main/docs/predicates/promotion-record.md */
export const PROMOTION_PREDICATE = 'https://k8s.io/promo-tools/promotion/v1';
/** @see https://slsa.dev/spec/v1.0/verification_summary */
export const SUMMARY_PREDICATE = 'https://slsa.dev/verification_summary/v1';

const BUILDER = 'https://k8s.io/promo-tools';
const VERIFIER = 'https://k8s.io/promo-tools/verifier/v1';

/** The circumstances of a promotion, for its attestations. */
export interface PromotionFacts {
  /** The version of this program. */
  readonly version: string;
  /** The commit of the manifests, and the URI of their repository. Unset: they are in no repository. */
  readonly manifests?: ManifestRevision | undefined;
  /** The job that runs the promotion. Unset: none is known. */
  readonly job?: PromotionJob | undefined;
}

export interface ManifestRevision {
  readonly commit: string;
  readonly uri?: string | undefined;
}

export interface PromotionJob {
  readonly name?: string | undefined;
  readonly type?: string | undefined;
  readonly buildId?: string | undefined;
  readonly prowJobId?: string | undefined;
}

/** The record of a promotion: one for a digest, with all of its tags and destinations. */
export function promotionStatement(image: ImageToSign, facts: PromotionFacts, now: number): Uint8Array {
  const { digest, places } = image;
  const [first] = places;
  const names = namesOf(image);
  const source = first?.want.sources[0];
  const manifest = manifestOf(image, facts);
  const tags = Array.from(new Set(places.flatMap(({ want }) => want.tags.map(({ tag }) => tag)))).toSorted();
  const predicate = {
    ...(source !== undefined && { srcRef: formatReference(source, digest) }),
    dstRef: first === undefined ? '' : formatReference(first.publicName, tags[0] ?? digest),
    digest,
    timestamp: timestampOf(now),
    builderId: `${BUILDER}@${facts.version}`,
    tags,
    ...(source !== undefined && { source: { name: source, digest: digestSet(digest) } }),
    destination: { name: names[0] ?? '', digest: digestSet(digest) },
    ...(manifest !== undefined && { manifest }),
    promoter: { version: facts.version },
    ...(facts.job !== undefined && { job: facts.job }),
  };
  const subjects = names.map((name) => ({ name, digest }));
  return makeStatement(subjects, { predicateType: PROMOTION_PREDICATE, predicate });
}

export interface SummaryInput {
  readonly image: ImageToSign;
  /** The digests that it holds for: those of an index and its children. */
  readonly digests: readonly Digest[];
  readonly level: BuildLevel;
}

/** A SLSA verification summary. It claims that the manifests were reviewed, so they have a commit. */
export function summaryStatement(
  { image, digests, level }: SummaryInput,
  facts: PromotionFacts & { readonly manifests: ManifestRevision },
  now: number,
): Uint8Array {
  const manifest = manifestOf(image, facts);
  const [name = ''] = namesOf(image);
  const build = `SLSA_BUILD_LEVEL_${level === 'unevaluated' ? 'UNEVALUATED' : level}`;
  const predicate = {
    verifier: { id: VERIFIER, version: { cip: facts.version } },
    timeVerified: timestampOf(now),
    resourceUri: `${name}@${image.digest}`,
    policy: {
      uri: [facts.manifests.uri, manifest?.name].filter(Boolean).join('#'),
      digest: { gitCommit: facts.manifests.commit },
    },
    verificationResult: level === 'failed' ? 'FAILED' : 'PASSED',
    verifiedLevels: level === 'failed' ? ['FAILED'] : [build, 'K8S_PROMOTION_MANIFEST_REVIEWED'],
    slsaVersion: '1.0',
  };
  const subjects = digests.map((digest) => ({ name, digest }));
  return makeStatement(subjects, { predicateType: SUMMARY_PREDICATE, predicate });
}

/** The manifest that wants the image, by the first of its entries. */
function manifestOf({ places: [first] }: ImageToSign, { manifests }: PromotionFacts) {
  const file = first?.want.tags[0]?.at[0]?.file ?? first?.want.tagless?.file;
  if (file === undefined) return undefined;
  const { commit, uri } = manifests ?? {};
  return {
    name: file,
    ...(uri !== undefined && { uri }),
    ...(commit !== undefined && { digest: { gitCommit: commit } }),
  };
}

/** `{ "sha256": "…" }`, as in-toto has digests. */
function digestSet(digest: Digest): Readonly<Record<string, string>> {
  const [algorithm = '', hex = ''] = digest.split(':');
  return { [algorithm]: hex };
}

/** The public names of an image, each once. */
function namesOf({ places }: ImageToSign): readonly string[] {
  return Array.from(new Set(places.map(({ publicName }) => publicName)));
}

/** RFC 3339 in whole seconds: some verifiers read no others. */
function timestampOf(now: number): string {
  return new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
}
