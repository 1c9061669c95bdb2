import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Secrets } from '../../../src/base/secrets.ts';
import { RunObserver } from '../../../src/cli/telemetry/run-observer.ts';
import { serveMetrics } from '../../../src/cli/telemetry/metrics-server.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { parseExposition } from '../../doubles/parse-exposition.ts';

async function serve() {
  const observer = new RunObserver(new FakeClock());
  let url = '';
  const sink = await serveMetrics(
    { kind: 'address', host: '127.0.0.1', port: 0 },
    {
      read: () => observer.read(),
      log: { write: (_level, _message, fields) => void (url = String(fields?.['url'])) },
      secrets: new Secrets(),
    },
  );
  const close = () => sink.close(observer.end(0));
  onTestFinished(close);
  return { url, close };
}

describe('serveMetrics', () => {
  it('answers at /metrics alone, to GET and HEAD alone', async () => {
    const { url } = await serve();
    const answer = await fetch(url);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(parseExposition(await answer.text()).has('cip_build_info')).toBe(true);
    expect((await fetch(`${url}?x=1`)).status).toBe(200);
    expect(await (await fetch(url, { method: 'HEAD' })).text()).toBe('');
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
    expect((await fetch(new URL('/', url))).status).toBe(404);
  });

  it('ends with the run, though a connection is open', async () => {
    const { url, close } = await serve();
    await (await fetch(url)).text();
    await close();
    await expect(fetch(url)).rejects.toThrow();
  });

  it('refuses a port in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const parts = {
      read: () => new RunObserver(new FakeClock()).read(),
      log: { write: () => {} },
      secrets: new Secrets(),
    };
    await expect(serveMetrics({ kind: 'address', host: '127.0.0.1', port }, parts)).rejects.toThrow(
      `cannot serve metrics at 127.0.0.1:${port}: the port is in use`,
    );
  });
});
