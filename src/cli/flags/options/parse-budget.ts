import { quote } from '../../../base/text.ts';
import type { Budget, Budgets } from '../../../http/limits/budgets.ts';
import { UsageError } from '../usage-error.ts';

/** The name that stands for each identity, at all of Google's hosts together. */
const USER = 'user';

/** Parses all values of `-budget`: `HOST=RPS[,writes=RPS]` or `user=RPS`. Throws a `UsageError`. */
export function parseBudgets(values: readonly string[]): Budgets {
  const parsed = values.map(parseBudget);
  const hosts = parsed.filter(({ name }) => name !== USER);
  return {
    hosts: new Map(hosts.map(({ name, budget }) => [name, budget])),
    user: parsed.findLast(({ name }) => name === USER)?.budget.requests,
  };
}

function parseBudget(value: string): { readonly name: string; readonly budget: Budget } {
  const [, name = '', requests, , writes] = /^([^=,/\s]+)=([\d.]+)(,writes=([\d.]+))?$/.exec(value) ?? [];
  const rates = [Number(requests), Number(writes ?? requests)];
  const isGood = rates.every((rate) => rate > 0 && Number.isFinite(rate));
  if (name === '' || !isGood || (name === USER && writes !== undefined)) throw malformed(value);
  return { name, budget: { requests: Number(requests), writes: Number(writes ?? requests) } };
}

function malformed(value: string): UsageError {
  return new UsageError(
    `-budget is HOST=RPS or HOST=RPS,writes=RPS or user=RPS, in requests per second, not ${quote(value)}`,
  );
}
