import type { Position } from '../base/position.ts';
import { assertNever } from '../base/errors.ts';
import type { HostFault } from '../base/host-fault.ts';
import type { Digest } from '../image/digest.ts';
import type { Repository } from '../image/repository.ts';
import { countPlan, presentOf } from './count-plan.ts';
import { type ItemGroup, parsePlanDocument, type PlanDocument, PlanFormatError } from './plan-document.ts';
import { type PlanSignature, RunningDigest } from './plan-seal.ts';
import { edgeId, type PlanItem } from './plan.ts';
import type { PlanOrigin, RecordedFinding, RecordedPlan } from './recorded-plan.ts';
import { sortItems } from './sort-items.ts';

/** A plan as a file has it. */
export interface PlanFile {
  readonly plan: RecordedPlan;
  /** Of all bytes in front of the digest itself: it names the plan. */
  readonly digest: Digest;
  /** Over the digest. It has not been verified. */
  readonly signature?: PlanSignature;
}

/**
 * The file of a plan, piece by piece: JSON with one line for each group of items that differ in their destination alone,
 * and with shared lists of repositories. Edges that are present are only counted. The same plan always gives the same
 * bytes; they end with their digest, and with the signature that `sign` makes of it.
 */
export function* encodePlan(
  plan: RecordedPlan,
  sign: (digest: Digest) => PlanSignature | undefined = () => undefined,
): Generator<string, void, undefined> {
  const hash = new RunningDigest();
  for (const piece of encodeContent(plan)) {
    hash.add(piece);
    yield piece;
  }
  const digest = hash.finish();
  const signature = sign(digest);
  yield `,\n"digest":${JSON.stringify(digest)}`;
  if (signature !== undefined) {
    const { key, value } = signature;
    yield `,\n"signature":${JSON.stringify({ key, value })}`;
  }
  yield '\n}\n';
}

function* encodeContent(plan: RecordedPlan) {
  const { origin, accounts, newRepositories, findings, malformed } = plan;
  const lists = new Lists();
  const groups = groupItems(plan.items, lists);
  const head = {
    format: 'cip-plan',
    version: 1,
    origin: orderOrigin(origin),
    accounts: accounts.map(({ registry, account }) => ({ registry, account })),
    present: Object.fromEntries(presentOf(plan)),
    newRepositories,
  };
  yield JSON.stringify(head).slice(0, -1);
  yield* encodeList('findings', findings.map(encodeFinding));
  yield* encodeList(
    'malformed',
    malformed.map(({ rule, message, at }) => ({ rule, message, at: encodePlace(at) })),
  );
  yield* encodeList('lists', lists.all);
  yield* encodeList('items', groups);
}

function* encodeList(name: string, list: readonly unknown[]) {
  yield `,\n"${name}":[`;
  let between = '\n';
  for (const one of list) {
    yield `${between}${JSON.stringify(one)}`;
    between = ',\n';
  }
  yield '\n]';
}

function orderOrigin({ tool, madeAt, manifests, read, revision, shard, changes }: PlanOrigin): PlanOrigin {
  const { projects, images, digests } = read;
  return {
    tool,
    madeAt,
    manifests,
    read: { projects, images, digests },
    ...(revision && { revision: { commit: revision.commit, dirty: revision.dirty } }),
    ...(shard && { shard: { index: shard.index, count: shard.count, input: shard.input } }),
    ...(changes && { changes: { base: changes.base, ...(changes.since && { since: changes.since }) } }),
  };
}

function encodeFinding({ rule, level, message, advice, at, edges }: RecordedFinding): object {
  return { rule, level, message, advice, at: at && encodePlace(at), edges };
}

function encodePlace({ file, line, column }: Position) {
  return [file, line, column] as const;
}

/** Items that differ in their destination alone, as one, in the order of the first of each; edges that are present left out. */
function groupItems(items: readonly PlanItem[], lists: Lists): object[] {
  const groups = new Map<string, { readonly group: object; readonly destinations: Repository[] }>();
  for (const item of items) {
    if (item.decision === 'present') continue;
    const group = encodeItem(item, lists);
    const key = JSON.stringify(group);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { group, destinations: [item.destination] });
    else known.destinations.push(item.destination);
  }
  return Array.from(groups.values(), ({ group, destinations }) => ({
    ...group,
    destinations: lists.add(destinations),
  }));
}

type AbsentItem = Exclude<PlanItem, { decision: 'present' }>;

function encodeItem(item: AbsentItem, lists: Lists): object {
  const { decision, tag, digest } = item;
  const base = { decision, tag, digest, at: item.at.map(encodePlace), sources: lists.add(item.sources) };
  switch (item.decision) {
    case 'copy':
      return { ...base, siblings: lists.add(item.siblings), sourceFault: item.sourceFault };
    case 'add-tag':
      return { ...base, siblings: lists.add(item.siblings) };
    case 'tag-move':
      return { ...base, found: item.found };
    case 'lost':
      return { ...base, doubt: item.doubt };
    case 'conflict': {
      const others = item.others.map((one) => ({ digest: one.digest, at: one.at.map(encodePlace) }));
      return { ...base, others, moreOthers: item.moreOthers };
    }
    case 'unreadable':
      return { ...base, reason: item.reason, fault: item.fault && orderFault(item.fault) };
    case 'blocked':
      return { ...base, reason: item.reason };
    case 'not-attempted':
      return base;
    default:
      return assertNever(item);
  }
}

function orderFault({ kind, host, repository, identity, message, remedy }: HostFault): object {
  return { kind, host, repository, identity, message, remedy };
}

/** Lists of repositories by their content, numbered in the order of their first use. */
class Lists {
  readonly all: (readonly Repository[])[] = [];
  readonly #byIdentity = new Map<readonly Repository[], number>();
  readonly #byContent = new Map<string, number>();

  add(list: readonly Repository[]): number {
    const seen = this.#byIdentity.get(list);
    if (seen !== undefined) return seen;
    const content = list.join(' ');
    const known = this.#byContent.get(content);
    const number = known ?? this.all.push(list) - 1;
    if (known === undefined) this.#byContent.set(content, number);
    this.#byIdentity.set(list, number);
    return number;
  }
}

/** More bytes than the plan of any registry has, and fewer than a string can hold. */
export const MAX_PLAN_BYTES = 256 * 1024 * 1024;

/**
 * The plan in a file. Throws a `PlanFormatError` for another version, an unknown field and whatever is no plan, and for
 * bytes that `encodePlan` would not write: then the file was changed, or written by something else.
 */
export function decodePlan(bytes: Uint8Array): PlanFile {
  const text = decodeText(bytes);
  const { digest, signature, ...document } = parsePlanDocument(text);
  const plan = planOf(document);
  let end = 0;
  for (const piece of encodePlan(plan, () => signature)) {
    if (!text.startsWith(piece, end)) throw new PlanFormatError('altered', ALTERED);
    end += piece.length;
  }
  if (end !== text.length) throw new PlanFormatError('altered', ALTERED);
  return { plan, digest, ...(signature !== undefined && { signature }) };
}

const ALTERED =
  'it was altered after it was written: its content does not match the digest at its end: make a new plan';

/** A byte order mark is kept, and is no JSON. */
function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new PlanFormatError('json', 'it is no plan file: it is not text in UTF-8');
  }
}

type Content = Omit<PlanDocument, 'digest' | 'signature'>;

function planOf({ origin, accounts, present, newRepositories, findings, malformed, lists, items }: Content) {
  const sorted = sortItems(items.flatMap((group) => expandGroup(group, lists)));
  refuseRepeated(sorted);
  const counted = countPlan(sorted, { present: Object.entries(present), newRepositories });
  const recorded = findings.map((finding): RecordedFinding => ({ ...finding, at: finding.at }));
  return { ...counted, origin, accounts, findings: recorded, malformed };
}

function expandGroup({ destinations, ...group }: ItemGroup, lists: Content['lists']): PlanItem[] {
  const sources = lists[group.sources] ?? [];
  const { tag } = group;
  return (lists[destinations] ?? []).map((destination) =>
    group.decision === 'copy' || group.decision === 'add-tag'
      ? { ...group, destination, tag, sources, siblings: lists[group.siblings] ?? [] }
      : { ...group, destination, tag, sources },
  );
}

/** An edge has one decision; only those in conflict share their tag. */
function refuseRepeated(items: readonly PlanItem[]): void {
  for (const [index, item] of items.entries()) {
    const before = items[index - 1];
    if (before?.destination !== item.destination || edgeId(before) !== edgeId(item)) continue;
    const isConflict = before.decision === 'conflict' && item.decision === 'conflict';
    if (isConflict && before.digest !== item.digest) continue;
    throw new PlanFormatError('shape', `it is not a valid plan: it has ${edgeId(item)} twice`);
  }
}
