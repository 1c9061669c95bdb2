import { array, assert, boolean, property, stringMatching, subarray, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChallengeScopes } from '../../../../src/adapters/oci/auth/challenge-scopes.ts';
import { runs } from '../../../builders/property-runs.ts';

const HOST = 'r.example';
const PULL = ['repository:mirror/group/app:pull'];
const PUSH = ['repository:mirror/group/app:pull,push'];
const MOUNT = [...PUSH, 'repository:mirror/base:pull'];

/** What is asked for after a challenge to the same. */
function after(scopes: readonly string[], scope: string | undefined, isTrusted = true): readonly string[] {
  const memory = new ChallengeScopes();
  const isNew = memory.learn({ host: HOST, scopes }, { scope, isTrusted });
  const asked = memory.translate(HOST, scopes);
  expect(isNew).toBe(asked.join(' ') !== scopes.join(' '));
  return asked;
}

describe('a token is asked for', () => {
  it.each<[string, readonly string[], string | undefined, readonly string[]]>([
    ['as the path has it, where the challenge says so', PULL, PULL.join(' '), PULL],
    ['as the path has it, where the challenge says nothing', PULL, undefined, PULL],
    ['with the name that a gateway strips', PULL, 'repository:group/app:pull', ['repository:group/app:pull']],
    [
      'with the name that a gateway adds to',
      PULL,
      'repository:x/mirror/group/app:pull',
      ['repository:x/mirror/group/app:pull'],
    ],
    ['with another name altogether', PULL, 'repository:a-1:pull', ['repository:a-1:pull']],
    ['with a word for everything', PULL, 'aws', ['aws']],
    ['with an asterisk for everything', PUSH, '*', ['*']],
    [
      'to write, under the name of the challenge',
      PUSH,
      'repository:app:pull,push',
      ['repository:app:pull,push'],
    ],
    [
      'to write, where the challenge names the right to pull only',
      PUSH,
      'repository:app:pull',
      ['repository:app:pull,push'],
    ],
    [
      'to write with all rights, where that is asked for',
      PUSH,
      'repository:mirror/group/app:*',
      ['repository:mirror/group/app:*'],
    ],
    ['without the right to delete', PUSH, 'repository:mirror/group/app:delete,pull,push', PUSH],
    [
      'to mount, each name replaced by its own',
      MOUNT,
      'repository:base:pull repository:app:pull,push',
      ['repository:app:pull,push', 'repository:base:pull'],
    ],
    ['to mount, though the challenge is silent about the source', MOUNT, PUSH.join(' '), MOUNT],
    [
      'with what else the challenge wants',
      PULL,
      `${PULL.join(' ')} repository:base:pull`,
      [...PULL, 'repository:base:pull'],
    ],
    [
      'to read and no more, whatever the challenge wants',
      PULL,
      'repository:app:pull,push,delete',
      ['repository:app:pull'],
    ],
    ['to read and no more, though the challenge wants all', PULL, 'repository:mirror/group/app:*', PULL],
    [
      'to read and no more, of other repositories too',
      PULL,
      `${PULL.join(' ')} repository:base:pull,push`,
      [...PULL, 'repository:base:pull'],
    ],
    [
      'as before, where the challenge has too many scopes',
      PULL,
      Array.from({ length: 13 }, (_, n) => `s${n}`).join(' '),
      PULL,
    ],
    ['as before, where the challenge is too long', PULL, 'x'.repeat(2049), PULL],
    ['as before, where the challenge has control characters', PULL, 'aws\u0001', PULL],
    ['as before, where the challenge is empty', PULL, '  ', PULL],
    ['for the catalogue as ever', ['registry:catalog:*'], 'registry:catalog:*', ['registry:catalog:*']],
    ['for nothing, where nothing is needed', [], 'aws', []],
  ])('%s', (_what, scopes, challenge, expected) => {
    expect(after(scopes, challenge)).toEqual(expected);
  });

  it('under the same name by later requests, whatever they do', () => {
    const memory = new ChallengeScopes();
    memory.learn({ host: HOST, scopes: PULL }, { scope: 'repository:app:pull', isTrusted: true });
    expect(memory.translate(HOST, PUSH)).toEqual(['repository:app:pull,push']);
    expect(memory.translate(HOST, ['repository:mirror/other:pull'])).toEqual([
      'repository:mirror/other:pull',
    ]);
    expect(memory.translate('other.example', PULL)).toEqual(PULL);
  });

  it('with the words of the last challenge, or with its names', () => {
    const memory = new ChallengeScopes();
    const learn = (scope: string) => memory.learn({ host: HOST, scopes: PULL }, { scope, isTrusted: true });
    expect([learn('aws'), learn('aws'), learn('*')]).toEqual([true, false, true]);
    expect(memory.translate(HOST, ['repository:else:pull'])).toEqual(['*']);
    expect([learn('repository:app:pull'), learn('repository:app:pull')]).toEqual([true, false]);
    expect(learn(PULL.join(' '))).toBe(true);
    expect(memory.translate(HOST, PULL)).toEqual(PULL);
  });
});

describe('at a token service that other registries may share', () => {
  it.each<[string, readonly string[], string, readonly string[]]>([
    ['a name that a gateway strips is asked for', PULL, 'repository:app:pull', ['repository:app:pull']],
    ['a name of another repository is not', PULL, 'repository:victim/app:pull', PULL],
    ['a name that only looks like the end is not', PULL, 'repository:up/app:pull', PULL],
    ['a second name is not', PUSH, `${PUSH.join(' ')} repository:victim:pull,push`, PUSH],
    ['a word for everything is not', PULL, '*', PULL],
  ])('%s', (_what, scopes, challenge, expected) => {
    expect(after(scopes, challenge, false)).toEqual(expected);
  });
});

const name = stringMatching(/^[a-z]{1,3}(?:\/[a-z]{1,3}){0,3}$/);
const actions = subarray(['pull', 'push', 'delete', '*'], { minLength: 1 });
const scope = tuple(name, actions).map(([path, rights]) => `repository:${path}:${rights.join(',')}`);

it('reads ask to pull and for nothing else, whatever challenges say', () => {
  assert(
    property(
      array(array(scope, { maxLength: 4 }), { maxLength: 5 }),
      name,
      boolean(),
      (challenges, own, isTrusted) => {
        const memory = new ChallengeScopes();
        const scopes = [`repository:${own}:pull`];
        for (const one of challenges)
          memory.learn({ host: HOST, scopes }, { scope: one.join(' '), isTrusted });
        const asked = memory.translate(HOST, scopes);
        expect(asked.length).toBeGreaterThan(0);
        for (const one of asked) expect(one).toMatch(/^repository:.+:pull$/);
        if (!isTrusted)
          for (const one of asked)
            expect(`/${own}:pull`.endsWith(`/${one.slice('repository:'.length)}`)).toBe(true);
      },
    ),
    runs({ seed: 12, numRuns: 1000 }),
  );
});
