import { assertNever, CodedError } from '../base/errors.ts';
import type { Shard } from '../edges/shard.ts';
import { fingerprintOf } from '../edges/take-shard.ts';
import type { Wanted } from '../edges/wanted.ts';
import type { Repository } from '../image/repository.ts';
import { WantIndex } from '../inventory/sibling-holders.ts';
import type { PlanFile } from './plan-codec.ts';
import { checkSignature, type PlanKey } from './plan-seal.ts';
import { edgeId, isWritable } from './plan.ts';
import type { RecordedPlan } from './recorded-plan.ts';

/** A plan that may not be applied as a whole. */
export class PlanRefused extends CodedError<
  'unsigned' | 'untrusted' | 'signature' | 'age' | 'manifests' | 'shard'
> {}

export interface Admission {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds; undefined for no limit. */
  readonly maxAge: number | undefined;
  /** With at least one of them, only a plan that one of them has signed is applied. */
  readonly trusted: readonly PlanKey[];
  /** Everything that the manifests want now. Unset: the plan is not compared with any. */
  readonly wanted?: Wanted | undefined;
  readonly shard?: Shard | undefined;
}

/** Throws a `PlanRefused` for a plan that may not be applied; the signature is checked first. */
export function admitPlan(file: PlanFile, admission: Admission): void {
  const { trusted, wanted, shard } = admission;
  const { origin } = file.plan;
  if (trusted.length > 0) refuseUnproven(file, trusted);
  refuseOld(origin.madeAt, admission);
  if (wanted !== undefined) refuseUnwanted(file.plan, wanted);
  if (shard === undefined || origin.shard === undefined) return;
  const { index, count } = origin.shard;
  throw new PlanRefused(
    'shard',
    `it is the plan of shard ${index}/${count} already: apply it without -shard`,
  );
}

function refuseUnproven(file: PlanFile, trusted: readonly PlanKey[]): void {
  const status = checkSignature(file, trusted);
  switch (status.kind) {
    case 'verified':
      return;
    case 'unsigned':
      throw new PlanRefused('unsigned', 'it is not signed: make the plan with -plan-key');
    case 'untrusted':
      throw new PlanRefused(
        'untrusted',
        `it is signed by the key ${status.key}, which no -plan-trusted-key is`,
      );
    case 'wrong':
      throw new PlanRefused('signature', `its signature is not one of the key ${status.key}`);
    default:
      return assertNever(status);
  }
}

/**
 * A plan can claim to be made from any manifests, so each of its edges is looked for in them as well, and so is whatever
 * the edge may be read from.
 */
function refuseUnwanted({ origin, items }: RecordedPlan, wanted: Wanted): void {
  if (fingerprintOf(wanted) !== origin.manifests) {
    const commit = origin.revision === undefined ? '' : `, of commit ${origin.revision.commit}`;
    const message = `it was made from other manifests${commit}: they want other images by now: make a new plan`;
    throw new PlanRefused('manifests', message);
  }
  const wants = new WantIndex(wanted);
  const named = namedIn(wanted);
  const known = new Set<readonly Repository[]>(); // items of a decoded plan share their lists
  for (const item of items) {
    if (!isWritable(item)) continue;
    for (const list of [item.sources, item.siblings]) {
      if (!known.has(list)) refuseUnnamed(list, named);
      known.add(list);
    }
    const want = wants.find(item.destination, item.digest);
    const isWanted = item.tag === undefined ? want?.tagless : want?.tags.find(({ tag }) => tag === item.tag);
    if (isWanted !== undefined) continue;
    const message = `it wants ${edgeId(item)} to be ${item.digest}, and the manifests do not: make a new plan`;
    throw new PlanRefused('manifests', message);
  }
}

/** Every repository that the manifests name, for one image or another. */
function namedIn({ repositories }: Wanted): ReadonlySet<Repository> {
  const lists = new Set(repositories.map(({ list }) => list)); // many repositories share one
  const named = new Set(repositories.map(({ repository }) => repository));
  for (const { wants } of lists) {
    for (const { sources, siblings } of wants) for (const one of [...sources, ...siblings]) named.add(one);
  }
  return named;
}

function refuseUnnamed(list: readonly Repository[], named: ReadonlySet<Repository>): void {
  const unnamed = list.find((one) => !named.has(one));
  if (unnamed === undefined) return;
  throw new PlanRefused(
    'manifests',
    `it reads from ${unnamed}, which the manifests do not name: make a new plan`,
  );
}

/** Clocks of two machines may differ by so much. */
const MAX_SKEW = 10 * 60_000;

function refuseOld(madeAt: string, { now, maxAge }: Pick<Admission, 'now' | 'maxAge'>): void {
  const age = now - Date.parse(madeAt);
  if (age < -MAX_SKEW) {
    throw new PlanRefused('age', `it was made at ${madeAt}, which is in the future: check the clocks`);
  }
  if (maxAge === undefined || age <= maxAge) return;
  throw new PlanRefused(
    'age',
    `it was made at ${madeAt} and is older than -max-plan-age allows: make a new plan`,
  );
}
