import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry, FaultAct } from '../../../../src/embedded-registry/embedded-registry.ts';
import { image, push } from '../../../builders/images.ts';
import { clientForTest, embeddedForTest, quiet, registryErrorOf, repositoryAt, tagOf } from '../client.ts';

const CONTENT = image({ seed: 'refused heads' });
const { digest } = CONTENT.manifest;

async function setUp(...names: readonly string[]) {
  const server = await embeddedForTest();
  for (const name of ['app', ...names]) push(server, name, CONTENT, 'v1', 'v2');
  const { registry } = clientForTest();
  const resolve = (tag = 'v1', name = 'app') =>
    registry.resolve(repositoryAt(server, name), tagOf(tag), quiet());
  return { server, resolve, refuse: (act: FaultAct) => refuse(server, act) };
}

/** HEADs alone. */
function refuse(server: EmbeddedRegistry, act: FaultAct): void {
  server.addFault({ kind: 'manifest-head', act, times: Infinity });
}

function denied(status: number, message = 'GCR is shut down', code = 'DENIED'): FaultAct {
  return { kind: 'status', status, body: JSON.stringify({ errors: [{ code, message }] }) };
}

/** A 401 needs a challenge, here one that nobody can meet. */
function refusing(status: number): FaultAct {
  const act = denied(status);
  return status === 401 && act.kind === 'status'
    ? { ...act, headers: { 'WWW-Authenticate': 'Negotiate' } }
    : act;
}

function countOf({ requests }: EmbeddedRegistry, kind: string): number {
  return requests.filter((request) => request.kind === kind).length;
}

describe('a HEAD that is refused', () => {
  it.each([400, 401, 402, 403, 405, 410, 451, 501])(
    'is told with the reason that a GET is given: %i',
    async (status) => {
      const { server, resolve } = await setUp();
      server.addFault({ path: /manifests/, act: refusing(status), times: Infinity });
      const { message } = await registryErrorOf(resolve());
      expect(message).toMatch(new RegExp(`^HEAD http.*/v1: ${status}: DENIED: GCR is shut down`));
      expect(countOf(server, 'manifest-get')).toBe(1);
    },
  );

  it('is told with a reason in plain text', async () => {
    const { server, resolve } = await setUp();
    const act = {
      kind: 'status',
      status: 403,
      body: '<html><b>Moved</b> to us-docker.pkg.dev</html>',
    } as const;
    server.addFault({ path: /manifests/, act, times: Infinity });
    expect((await registryErrorOf(resolve())).message).toContain('403: Moved to us-docker.pkg.dev');
  });

  it.each([403, 405, 501])('is answered by a GET that is not: %i', async (status) => {
    const { resolve, refuse } = await setUp();
    refuse(denied(status));
    expect([await resolve(), await resolve('v2')]).toEqual([digest, digest]);
  });

  it.each([
    [405, undefined],
    [501, undefined],
    [401, 'unauthorized'],
    [403, 'unauthorized'],
  ])('%i and 404 to GET is absence only where nobody was refused', async (status, code) => {
    const { resolve, refuse } = await setUp();
    refuse(refusing(status));
    if (code === undefined) expect(await resolve('absent')).toBeUndefined();
    else expect((await registryErrorOf(resolve('absent'))).message).toContain(`${status}: no reason given`);
  });

  it.each([
    ['a refusal for want of quota', denied(429)],
    ['an overload', denied(503)],
    ['a broken registry', denied(500)],
  ] as const)('keeps its own status where the GET meets %s', async (_what, act) => {
    const { server, resolve, refuse } = await setUp();
    refuse(denied(403));
    server.addFault({ kind: 'manifest-get', act, times: Infinity });
    const error = await registryErrorOf(resolve());
    expect(error).toMatchObject({ code: 'unauthorized', status: 403, temporary: false });
    expect(error.message).toContain('403: no reason given');
  });

  it('of a status that passes is not followed by a GET', async () => {
    const { server, resolve, refuse } = await setUp();
    refuse(denied(503));
    expect(await registryErrorOf(resolve())).toMatchObject({ code: 'unavailable', temporary: true });
    expect(countOf(server, 'manifest-get')).toBe(0);
  });

  it('is not read for ever for its reason', async () => {
    const { server, resolve } = await setUp();
    const act = { kind: 'status', status: 403, body: 'x'.repeat(8 * 1024 * 1024) } as const;
    server.addFault({ path: /manifests/, act, times: Infinity });
    expect((await registryErrorOf(resolve())).message.length).toBeLessThan(500);
  });

  it('ends with the signal while its reason is asked for', async () => {
    const server = await embeddedForTest();
    const { registry } = clientForTest();
    const stop = new AbortController();
    refuse(server, denied(403));
    server.addFault({ kind: 'manifest-get', act: { kind: 'stall' } });
    const asked = registry.resolve(repositoryAt(server, 'app'), tagOf('v1'), stop.signal);
    asked.catch(() => {});
    while (server.stalled === 0) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('many HEADs that are refused', () => {
  it('of a repository are followed by one GET, whether they come at once or not', async () => {
    const { server, resolve } = await setUp();
    server.addFault({ path: /manifests/, act: denied(403), times: Infinity });
    const tags = Array.from({ length: 50 }, (_, number) => `v${number}`);
    const errors = await Promise.all(tags.map((tag) => registryErrorOf(resolve(tag))));
    errors.push(await registryErrorOf(resolve('later')));
    for (const { message } of errors) expect(message).toContain('403: DENIED: GCR is shut down');
    expect(countOf(server, 'manifest-get')).toBe(1);
    expect(countOf(server, 'manifest-head')).toBe(51);
  });

  it('of a host are followed by few GETs, and the others quote them', async () => {
    const { server, resolve } = await setUp();
    server.addFault({ path: /manifests/, act: denied(403), times: Infinity });
    const names = Array.from({ length: 100 }, (_, number) => `app-${number}`);
    const messages: string[] = [];
    for (const name of names) messages.push((await registryErrorOf(resolve('v1', name))).message);
    expect(countOf(server, 'manifest-get')).toBe(8);
    expect(messages[0]).toContain('403: DENIED: GCR is shut down');
    expect(messages[99]).toContain('403: no reason given');
    expect(messages[99]).toContain('of another repository it said: DENIED: GCR is shut down');
  });

  it('of a host that answers GET are all answered', async () => {
    const names = Array.from({ length: 20 }, (_, number) => `app-${number}`);
    const { resolve, refuse } = await setUp(...names);
    refuse(denied(405));
    for (const name of names) expect(await resolve('v1', name)).toBe(digest);
  });

  it('of one repository say nothing of another that is refused for another reason', async () => {
    const { server, resolve } = await setUp('other');
    server.addFault({ path: /v2\/app\/manifests/, act: denied(403, 'no such project'), times: Infinity });
    server.addFault({ path: /v2\/other\/manifests/, act: denied(403, 'billing is off'), times: Infinity });
    expect((await registryErrorOf(resolve('v1', 'app'))).message).toContain('no such project');
    expect((await registryErrorOf(resolve('v1', 'other'))).message).toContain('billing is off');
  });
});
