import { describe, expect, it } from 'vitest';
import { accountOf, bindAccounts } from '../../../src/adapters/google/bind-accounts.ts';
import { registries, repository } from './scene.ts';

describe('the accounts of registries', () => {
  it('are bound where a manifest names them', () => {
    const { bindings, conflicts } = bindAccounts(
      registries({ 'gcr.io/a': 'x@y.z', 'gcr.io/b': undefined, 'gcr.io/c': '', 'gcr.io/d': 'v@w.z' }),
    );
    expect(bindings).toEqual([
      { registry: 'gcr.io/a', account: 'x@y.z' },
      { registry: 'gcr.io/d', account: 'v@w.z' },
    ]);
    expect(conflicts).toEqual([]);
  });

  it('are the first ones where there are several, and the others are conflicts, each once', () => {
    const names = ['first@y.z', 'second@y.z', 'first@y.z', 'second@y.z', 'third@y.z'];
    const entries = names.flatMap((account) => registries({ 'gcr.io/a': account }));
    const { bindings, conflicts } = bindAccounts(entries);
    expect(bindings).toEqual([{ registry: 'gcr.io/a', account: 'first@y.z' }]);
    expect(conflicts).toEqual([
      { registry: 'gcr.io/a', used: 'first@y.z', ignored: 'second@y.z' },
      { registry: 'gcr.io/a', used: 'first@y.z', ignored: 'third@y.z' },
    ]);
  });
});

describe('the account of a repository', () => {
  const accounts = new Map([
    ['gcr.io', 'host'],
    ['eu.gcr.io/p', 'short'],
    ['eu.gcr.io/p/q', 'long'],
    ['localhost:5000/p', 'port'],
    ['us-docker.pkg.dev/p/r/app', 'whole'],
  ]);

  it.each([
    ['eu.gcr.io/p/app', 'short'],
    ['eu.gcr.io/p/q/app', 'long'],
    ['eu.gcr.io/p/q', 'long'],
    ['eu.gcr.io/p/q/r/s/app', 'long'],
    ['eu.gcr.io/p/qq/app', 'short'],
    ['eu.gcr.io/pp/app', undefined],
    ['eu.gcr.io/app', undefined],
    ['gcr.io/anything/app', 'host'],
    ['us.gcr.io/p/app', undefined],
    ['localhost:5000/p/app', 'port'],
    ['localhost:5001/p/app', undefined],
    ['us-docker.pkg.dev/p/r/app', 'whole'],
    ['us-docker.pkg.dev/p/r', undefined],
  ])('%s is that of the longest registry it is in: %s', (text, account) => {
    expect(accountOf(repository(text), accounts)).toBe(account);
  });
});
