import { CodedError } from '../base/errors.ts';
import type { Repository } from '../image/repository.ts';
import { parsePlanDocument, type PlanDocument, type WrittenItem } from './plan-document.ts';
import type { Plan, PlanItem, PlanOrigin } from './plan.ts';

/** A text is not a plan that this version of the program can read. */
export class PlanFormatError extends CodedError<'json' | 'version' | 'shape'> {}

/** A plan that can be written to a file. */
export type RecordedPlan = Plan & { readonly origin: PlanOrigin };

/**
 * The file of a plan, piece by piece: JSON with one line for each item. The same plan always gives the same bytes.
 * Lists of repositories, which most items share, are written once.
 */
export function* encodePlan(plan: RecordedPlan): Generator<string, void, undefined> {
  const { version, origin, counts, hosts, newRepositories } = plan;
  const lists = new Lists();
  for (const { sources, ...item } of plan.items) {
    lists.add(sources);
    if ('siblings' in item) lists.add(item.siblings);
  }
  const head = { format: 'cip-plan', version, origin: orderOrigin(origin), counts, hosts, newRepositories };
  yield JSON.stringify(head).slice(0, -1);
  yield* encodeList('lists', lists.all);
  yield* encodeList('items', plan.items, (item) => encodeItem(item, lists));
  yield '\n}\n';
}

function* encodeList<T>(name: string, list: Iterable<T>, encode: (one: T) => unknown = (one) => one) {
  yield `,\n"${name}":[`;
  let between = '\n';
  for (const one of list) {
    yield `${between}${JSON.stringify(encode(one))}`;
    between = ',\n';
  }
  yield '\n]';
}

function orderOrigin({ tool, madeAt, manifests, revision, shard }: PlanOrigin): PlanOrigin {
  return {
    tool,
    madeAt,
    manifests,
    ...(revision && { revision: { commit: revision.commit, dirty: revision.dirty } }),
    ...(shard && { shard: { index: shard.index, count: shard.count, input: shard.input } }),
  };
}

function encodeItem(item: PlanItem, lists: Lists): object {
  const { decision, destination, tag, digest, sources, at, ...rest } = item;
  const details = Object.entries(rest).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const more = details.map(([name, value]) => [
    name,
    name === 'siblings' && 'siblings' in item ? lists.add(item.siblings) : value,
  ]);
  return { decision, destination, tag, digest, sources: lists.add(sources), at, ...Object.fromEntries(more) };
}

/** Lists of repositories by their content, numbered in the order of their first use. */
class Lists {
  readonly all: (readonly Repository[])[] = [];
  readonly #byIdentity = new Map<readonly Repository[], number>();
  readonly #byContent = new Map<string, number>();

  add(list: readonly Repository[]): number {
    const known = this.#byIdentity.get(list) ?? this.#byContent.get(list.join(' '));
    const number = known ?? this.all.push(list) - 1;
    if (known === undefined) this.#byContent.set(list.join(' '), number);
    this.#byIdentity.set(list, number);
    return number;
  }
}

/** The plan in a file. Throws a `PlanFormatError` for another version, an unknown field and whatever is no plan. */
export function decodePlan(text: string): RecordedPlan {
  const {
    format: _,
    lists,
    items,
    ...head
  } = parsePlanDocument(text, (code, message) => {
    return new PlanFormatError(code, message);
  });
  return { ...head, items: items.map((item) => decodeItem(item, lists)) };
}

function decodeItem(item: WrittenItem, lists: PlanDocument['lists']): PlanItem {
  const sources = lists[item.sources] ?? [];
  const { tag } = item;
  return item.decision === 'copy' || item.decision === 'add-tag'
    ? { ...item, tag, sources, siblings: lists[item.siblings] ?? [] }
    : { ...item, tag, sources };
}
