import { formatPosition } from '../../base/position.ts';
import type { Digest } from '../../image/digest.ts';
import type { Repository } from '../../image/repository.ts';
import type { Tag } from '../../image/tag.ts';
import type { PlanFile } from '../../plan/plan-codec.ts';
import type { SignatureStatus } from '../../plan/plan-seal.ts';
import { type EdgeDecision, isWritable, type PlanItem } from '../../plan/plan.ts';
import type { PlanOrigin } from '../../plan/recorded-plan.ts';
import { explainItem } from '../explain-item.ts';
import { makeFindings } from '../findings.ts';
import type { ReportFinding } from '../envelope.ts';
import { type FoldedImage, foldEdges } from '../summary/fold-edges.ts';

/** A plan file for people, and for programs as JSON: every edge that is not present, folded. */
export interface PlanView {
  /** The digest of the plan, which reports of `cip apply` name. */
  readonly plan: Digest;
  readonly origin: PlanOrigin;
  readonly signature: SignatureStatus;
  /** Edges by decision. */
  readonly counts: Readonly<Record<EdgeDecision, number>>;
  readonly newRepositories: readonly Repository[];
  /** Everything that `cip apply` writes. */
  readonly writes: readonly ImageView[];
  /** Edges that it does not write, with the reason. */
  readonly refusals: readonly ImageView[];
  readonly findings: readonly ReportFinding[];
  readonly malformed: readonly { readonly at: string; readonly rule: string; readonly message: string }[];
}

/** An image in some registries: the destination of each line is `REGISTRY/IMAGE` for each of them. */
export type ImageView = FoldedImage<LineView>;

export interface LineView {
  readonly decision: EdgeDecision;
  /** Null where the digest is wanted without a tag. */
  readonly tag: Tag | null;
  readonly digest: Digest;
  /** The repository that is read first; null where none is known. */
  readonly source: Repository | null;
  /** Empty for ordinary writes. */
  readonly reason: string;
  /** `file:line:column` of each manifest entry. */
  readonly at: readonly string[];
}

/** The view of a plan. Pure. */
export function makePlanView({ plan, digest }: PlanFile, signature: SignatureStatus): PlanView {
  const { origin, counts, newRepositories, malformed } = plan;
  const isShown = ({ decision }: PlanItem) => decision !== 'present';
  return {
    plan: digest,
    origin,
    signature,
    counts,
    newRepositories,
    writes: foldItems(plan.items.filter(isWritable)),
    refusals: foldItems(plan.items.filter((item) => isShown(item) && !isWritable(item))),
    findings: makeFindings(plan.findings),
    malformed: malformed.map(({ at, rule, message }) => ({ at: formatPosition(at), rule, message })),
  };
}

/** Lines that differ in their destination alone become one, then lines of one image and the same registries a group. */
function foldItems(items: readonly PlanItem[]): readonly ImageView[] {
  return foldEdges(
    items.map((item) => {
      const line = lineOf(item);
      const { destination } = item;
      return { key: JSON.stringify(line), destination, source: line.source, makeLine: () => line };
    }),
  );
}

function lineOf(item: PlanItem): LineView {
  const { decision, tag = null, digest, sources, at } = item;
  const isOrdinary = decision === 'add-tag' || (decision === 'copy' && item.sourceFault === undefined);
  const reason = isOrdinary ? '' : explainItem(item);
  return { decision, tag, digest, source: sources[0] ?? null, reason, at: at.map(formatPosition) };
}
