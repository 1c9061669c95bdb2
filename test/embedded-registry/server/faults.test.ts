import { Agent } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { FaultAct } from '../../../src/embedded-registry/embedded-registry.ts';
import { digestOf } from '../../../src/image/digest.ts';
import { blob, image, push } from '../../builders/images.ts';
import { ask, askManifest, startForTest } from '../wire.ts';

const BYTES = blob('layer', 100_000);
const PATH = `/v2/app/blobs/${digestOf(BYTES)}`;

async function startWithFault(act: FaultAct) {
  const registry = await startForTest({ faults: [{ path: /\/blobs\//, act }] });
  registry.store.putBlob('app', BYTES);
  return registry;
}

/** All that comes over the wire until the server ends the connection. */
function rawGet(host: string, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const [address = '', port] = host.split(':');
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), address, () =>
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`),
    );
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.once('end', () => resolve(Buffer.concat(chunks)));
    socket.once('error', reject);
  });
}

describe('a fault', () => {
  it('answers with a status, headers and a body, then goes away', async () => {
    const registry = await startWithFault({
      kind: 'status',
      status: 429,
      headers: { 'Retry-After': '7' },
      body: 'slow down',
    });
    const answer = await ask(registry, `GET ${PATH}`);
    expect([answer.status, answer.headers['retry-after'], answer.body.toString()]).toEqual([
      429,
      '7',
      'slow down',
    ]);
    expect((await ask(registry, `GET ${PATH}`)).status).toBe(200);
    expect(registry.requests.map(({ status }) => status)).toEqual([429, 200]);
  });

  it('redirects, to a place made from the path', async () => {
    const registry = await startWithFault({
      kind: 'redirect',
      location: (path) => `http://storage.example${path}`,
    });
    const answer = await ask(registry, `GET ${PATH}`);
    expect([answer.status, answer.headers.location]).toEqual([307, `http://storage.example${PATH}`]);
  });

  it('resets the connection instead of doing anything', async () => {
    const registry = await startWithFault({ kind: 'reset' });
    await expect(ask(registry, `DELETE ${PATH}`)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(registry.store.hasBlob('app', digestOf(BYTES))).toBe(true);
    expect(registry.requests[0]?.status).toBe(0);
  });

  it('does the work and loses the answer', async () => {
    const registry = await startWithFault({ kind: 'lost-answer' });
    await expect(ask(registry, `DELETE ${PATH}`)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(registry.store.hasBlob('app', digestOf(BYTES))).toBe(false);
  });

  it.each(['stall', 'stall-mid-body'] as const)(
    'lasts until someone closes the connection: %s',
    async (kind) => {
      const registry = await startWithFault({ kind });
      const answer = ask(registry, `GET ${PATH}`);
      const lost = expect(answer).rejects.toMatchObject({ code: 'ECONNRESET' });
      await ask(registry, 'GET /v2/'); // others are served meanwhile
      await registry.close();
      await lost;
    },
  );

  it.each([undefined, 0, 0.25])('resets the connection in the middle of the body: %s', async (fraction) => {
    const registry = await startWithFault({
      kind: 'reset-mid-body',
      ...(fraction !== undefined && { fraction }),
    });
    await expect(ask(registry, `GET ${PATH}`)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(registry.requests[0]).toMatchObject({ status: 200, bytesOut: BYTES.length * (fraction ?? 0.5) });
  });

  it('truncates the body and keeps Content-Length', async () => {
    const registry = await startWithFault({ kind: 'truncate', fraction: 0.25 });
    const [head = '', ...body] = (await rawGet(registry.host, PATH)).toString('latin1').split('\r\n\r\n');
    expect(head).toContain('Content-Length: 100000');
    expect(body.join('\r\n\r\n').length).toBe(25_000);
  });

  it('shortens the body without a trace', async () => {
    const registry = await startWithFault({ kind: 'short-body', fraction: 0.25 });
    const answer = await ask(registry, `GET ${PATH}`);
    expect(answer.headers['content-length']).toBeUndefined();
    expect(answer.body.equals(BYTES.subarray(0, 25_000))).toBe(true);
  });

  it.each([undefined, 0, 99_999, 1_000_000])(
    'flips one bit at %s and leaves the store alone',
    async (atByte) => {
      const registry = await startWithFault({ kind: 'flip-bit', ...(atByte !== undefined && { atByte }) });
      const { body } = await ask(registry, `GET ${PATH}`);
      const differing = [...body.keys()].filter((index) => body[index] !== BYTES[index]);
      expect(differing).toEqual([Math.min(atByte ?? 50_000, 99_999)]);
      expect((await ask(registry, `GET ${PATH}`)).body.equals(BYTES)).toBe(true);
    },
  );

  it.each([
    ['its first byte', {}],
    ['another one', { atByte: 50_000 }],
    ['its last byte, whatever comes after it', { atByte: 1_000_000 }],
  ])('flips one bit of what it is sent, once: in %s', async (_where, where) => {
    const registry = await startForTest();
    const upload = async () => {
      const { headers } = await ask(registry, 'POST /v2/app/blobs/uploads/');
      return ask(registry, `PUT ${headers.location}&digest=${digestOf(BYTES)}`, { body: BYTES });
    };
    registry.addFault({ method: 'PUT', act: { kind: 'flip-request-bit', ...where } });
    expect((await upload()).status).toBe(400);
    expect((await upload()).status).toBe(201);
  });

  it('lies about the digest, and about any header', async () => {
    const registry = await startForTest();
    const digest = push(registry, 'app', image({ seed: 'app' }), 'v1');
    registry.addFault({ act: { kind: 'wrong-digest-header' } });
    const lie = await askManifest(registry, 'HEAD /v2/app/manifests/v1');
    expect(lie.headers['docker-content-digest']).not.toBe(digest);
    registry.addFault({
      act: { kind: 'headers', headers: { 'Docker-Content-Digest': undefined, 'Content-Type': 'text/plain' } },
    });
    const bare = await askManifest(registry, 'HEAD /v2/app/manifests/v1');
    expect(bare.headers['docker-content-digest']).toBeUndefined();
    expect(bare.headers['content-type']).toBe('text/plain');
  });

  it('can hit an upload whose body is on its way, and the connection stays usable', async () => {
    const registry = await startForTest();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const { headers } = await ask(registry, 'POST /v2/app/blobs/uploads/', { agent });
    registry.addFault({ method: 'PUT', act: { kind: 'status', status: 503 } });
    const put = `PUT ${headers.location}&digest=${digestOf(BYTES)}`;
    expect((await ask(registry, put, { body: BYTES, agent })).status).toBe(503);
    expect((await ask(registry, put, { body: BYTES, agent })).status).toBe(201);
    expect(registry.connections).toBe(1);
    agent.destroy();
  });
});

describe('the plan of faults', () => {
  const act: FaultAct = { kind: 'status', status: 503 };

  it('lets some requests pass first and then strikes as often as it says', async () => {
    const registry = await startForTest({ faults: [{ skip: 1, times: 2, act }] });
    const statuses = [];
    for (let request = 0; request < 5; request++) statuses.push((await ask(registry, 'GET /v2/')).status);
    expect(statuses).toEqual([200, 503, 503, 200, 200]);
  });

  it('can strike for ever, until it is cleared', async () => {
    const registry = await startForTest({ faults: [{ times: Number.POSITIVE_INFINITY, act }] });
    for (let request = 0; request < 3; request++) expect((await ask(registry, 'GET /v2/')).status).toBe(503);
    registry.clearFaults();
    expect((await ask(registry, 'GET /v2/')).status).toBe(200);
  });

  it('chooses by method, path with or without query, and kind', async () => {
    const registry = await startForTest();
    registry.addFault({ method: 'POST', act: { kind: 'status', status: 501 } });
    registry.addFault({ path: /tags\/list$/g, act: { kind: 'status', status: 502 } });
    registry.addFault({ path: /from=x/, act: { kind: 'status', status: 503 } });
    registry.addFault({ kind: 'ping', act: { kind: 'status', status: 504 } });
    const lines = [
      'GET /v2/a/tags/list?n=1',
      'GET /v2/a/blobs/x?from=x',
      'POST /v2/a/blobs/uploads/',
      'GET /v2/',
    ];
    const statuses = [];
    for (const line of lines) statuses.push((await ask(registry, line)).status);
    expect(statuses).toEqual([502, 503, 501, 504]);
  });
});
