import type { ChangeScope } from '../../plan/recorded-plan.ts';
import type { PlanView } from './plan-view.ts';

/** The plan in one sentence. */
export function summarize({ counts, malformed, writes }: PlanView): string {
  const { present, copy, 'add-tag': tags } = counts;
  const all = Object.values(counts).reduce((sum, edges) => sum + edges, 0);
  const refused = all - present - copy - tags;
  const images = new Set(
    writes.flatMap(({ image, lines }) => lines.map(({ digest }) => `${image} ${digest}`)),
  );
  const parts = [
    `${all - present - refused} of ${all} edges are to be written (${copy} copy, ${tags} add-tag; digests: ${images.size})`,
    `${present} are present`,
    ...(refused > 0 ? [`${refused} are not written`] : []),
    ...(malformed.length > 0 ? [`malformed entries: ${malformed.length}`] : []),
  ];
  return parts.join(', ');
}

/** The facts about a plan, as names and values. */
export function factsOf({ plan, origin, signature }: PlanView): readonly (readonly [string, string])[] {
  const { tool, madeAt, manifests, revision, shard, changes } = origin;
  const dirty = revision?.dirty === true ? ', with changes that are not committed' : '';
  return [
    ['plan', plan],
    ['made', `${madeAt} by cip ${tool}`],
    ['manifests', manifests],
    ...(revision === undefined ? [] : [['commit', `${revision.commit}${dirty}`] as const]),
    ...(shard === undefined ? [] : [['shard', `${shard.index}/${shard.count}`] as const]),
    ...(changes === undefined ? [] : [['changes', describeChanges(changes)] as const]),
    ['signature', describeSignature(signature)],
  ];
}

function describeChanges({ base, since }: ChangeScope): string {
  const compared = base === null ? 'nothing: there is no earlier commit' : base;
  return since === undefined
    ? `compared with ${compared}`
    : `added since ${since}, compared with ${compared}`;
}

function describeSignature(status: PlanView['signature']): string {
  switch (status.kind) {
    case 'unsigned':
      return 'none';
    case 'verified':
      return `by the key ${status.key}, verified`;
    case 'untrusted':
      return `claims the key ${status.key}, not verified: no -plan-trusted-key is that key`;
    case 'wrong':
      return `WRONG: not one of the key ${status.key}, which it claims`;
    default:
      return status;
  }
}
