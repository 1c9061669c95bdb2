import { describe, expect, it } from 'vitest';
import { budgetOf, DEFAULT_BUDGETS, userBudgetOf } from '../../../src/http/limits/budgets.ts';

const OWN = { requests: 7, writes: 3 };
const BUDGETS = { hosts: new Map([['gcr.io', OWN]]), user: 5 };
const BOUNDLESS = { requests: Number.POSITIVE_INFINITY, writes: Number.POSITIVE_INFINITY };

describe('what a host may be asked for in a minute', () => {
  it.each(['gcr.io', 'eu.gcr.io', 'us-docker.pkg.dev'])('is just below what Google grants: %s', (host) => {
    const { requests, writes } = budgetOf(host, DEFAULT_BUDGETS);
    expect(requests * 60).toBeCloseTo(0.97 * 60_000);
    expect(writes * 60).toBeCloseTo(0.97 * 18_000);
    expect((userBudgetOf(host, DEFAULT_BUDGETS) ?? 0) * 60).toBeCloseTo(0.97 * 5000);
  });

  it('is without bounds where nothing is known of it', () => {
    expect(budgetOf('registry.test', DEFAULT_BUDGETS)).toEqual(BOUNDLESS);
    expect(userBudgetOf('registry.test', BUDGETS)).toBeUndefined();
  });

  it('is what the command line says', () => {
    expect(budgetOf('gcr.io', BUDGETS)).toEqual(OWN);
    expect(userBudgetOf('eu.gcr.io', BUDGETS)).toBe(5);
  });
});
