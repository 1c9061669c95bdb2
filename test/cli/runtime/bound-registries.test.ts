import { describe, expect, it } from 'vitest';
import { parseBudgets } from '../../../src/cli/flags/options/parse-budget.ts';
import { warnUnusedBudgets } from '../../../src/cli/runtime/bound-registries.ts';
import { parseRegistryName, type RegistryName } from '../../../src/image/repository.ts';

/** The hosts that are told of, each with the hosts that are there. */
function strangers(budgets: readonly string[], registries: readonly string[]): unknown[] {
  const lines: unknown[] = [];
  const named = registries.map((text) => ({ name: nameOf(text) }));
  const log = { write: (...line: readonly unknown[]) => lines.push(line) };
  warnUnusedBudgets(parseBudgets(budgets), named, log);
  return lines;
}

function nameOf(text: string): RegistryName {
  const name = parseRegistryName(text);
  if (name === undefined) throw new Error(`no registry: ${text}`);
  return name;
}

describe('a budget of a host that no registry has', () => {
  const registries = ['gcr.example/staging', 'b.example:5000/prod', 'b.example:5000/prod/images'];

  it('is told with the hosts that are there', () => {
    expect(strangers(['gcr.exmaple=5', 'b.example:5000=5', 'b.example=5'], registries)).toEqual(
      ['b.example', 'gcr.exmaple'].map((host) => [
        'warning',
        '-budget is of a host that no registry has, so it limits nothing: is it misspelt?',
        { host, registries: 'b.example:5000, gcr.example' },
      ]),
    );
  });

  it.each<[string, readonly string[], readonly string[]]>([
    ['every host is there', ['gcr.example=1', 'b.example:5000=1'], registries],
    ['it is of each identity', ['user=5'], registries],
    ['there are no registries', ['gcr.example=1'], []],
  ])('is nothing to tell where %s', (_, budgets, named) => expect(strangers(budgets, named)).toEqual([]));
});
