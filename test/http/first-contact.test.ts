import { describe, expect, it } from 'vitest';
import { withFirstContact } from '../../src/http/first-contact.ts';
import type { HttpRequest, Send } from '../../src/http/request.ts';
import { RegistryError } from '../../src/ports/registry-error.ts';
import { FakeClock } from '../doubles/fake-clock.ts';
import { quiet, repositoryAt } from '../adapters/oci/client.ts';

const LOST = new RegistryError('unreachable', 'connection reset', { temporary: true });

/** A host whose requests take some seconds, and end with a status or fail. */
function setUp({ seconds = 10 } = {}) {
  const clock = new FakeClock();
  const state: { answer: number | undefined; limits: (number | undefined)[] } = {
    answer: undefined,
    limits: [],
  };
  const inner: Send = async ({ url, firstAnswer }) => {
    state.limits.push(firstAnswer?.limit);
    clock.advance(seconds * 1000);
    if (state.answer === undefined) throw LOST;
    return { status: state.answer, headers: {}, url, body: new Uint8Array() };
  };
  const send = withFirstContact(inner, { clock });
  const ask = (more: Partial<HttpRequest> = {}) =>
    send({ ...REQUEST, ...more }).then(
      ({ status }) => status,
      (error: unknown) => (error === LOST ? 'lost' : error),
    );
  return { clock, state, ask };
}

const REQUEST: HttpRequest = {
  method: 'GET',
  url: new URL('https://dead.test/v2/'),
  host: 'dead.test',
  repository: repositoryAt({ host: 'dead.test' }, 'app'),
  headers: {},
  scopes: [],
  signal: quiet(),
};
const GIVEN_UP = {
  code: 'unreachable',
  temporary: false,
  message: 'GET https://dead.test/v2/: dead.test has not answered within 30 s: connection reset',
};

describe('a host that has never answered', () => {
  it('is given up after 30 s, and each request gets a third of the time left', async () => {
    const { state, ask } = setUp();
    expect([await ask(), await ask()]).toEqual(['lost', 'lost']);
    expect(await ask()).toMatchObject(GIVEN_UP);
    expect(await ask()).toMatchObject(GIVEN_UP);
    expect(state.limits).toEqual([10_000, 20_000 / 3, 5_000]);
  });

  it('is probed every 10 s', async () => {
    const { clock, state, ask } = setUp();
    for (let time = 0; time < 3; time++) await ask();
    expect(await ask()).toMatchObject(GIVEN_UP);
    clock.advance(10_000);
    state.answer = 200;
    expect(await ask()).toBe(200);
    expect(await ask()).toBe(200);
    expect(state.limits).toEqual([10_000, 20_000 / 3, 5_000, 10_000, undefined]);
  });

  it.each([502, 504])('is still one where a gateway answers %i for it', async (status) => {
    const { state, ask } = setUp({ seconds: 31 });
    state.answer = status;
    expect(await ask()).toBe(status);
    expect(await ask()).toBe(status); // a probe
    state.answer = undefined;
    expect(await ask()).toMatchObject({ temporary: false });
  });

  it('delays no other host, and no write', async () => {
    const { state, ask } = setUp();
    for (let time = 0; time < 3; time++) await ask();
    expect(await ask({ method: 'PUT' })).toBe('lost');
    expect(await ask({ url: new URL('https://other.test/v2/') })).toBe('lost');
    expect(state.limits).toEqual([10_000, 20_000 / 3, 5_000, undefined, 10_000]);
  });

  it('keeps its time where the run is stopped', async () => {
    const { state, ask } = setUp();
    const stopping = new AbortController();
    stopping.abort(new Error('stop'));
    expect(await ask({ signal: stopping.signal })).toBe('lost');
    expect(await ask()).toBe('lost');
    expect(state.limits).toHaveLength(2);
  });
});

it.each([200, 401, 404, 429, 503])('a host that has answered %i is waited for', async (status) => {
  const { state, ask } = setUp({ seconds: 60 });
  state.answer = status;
  await ask();
  state.answer = undefined;
  expect([await ask(), await ask()]).toEqual(['lost', 'lost']);
  expect(state.limits).toEqual([10_000, undefined, undefined]);
});
