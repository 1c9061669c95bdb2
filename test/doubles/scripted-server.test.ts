import { describe, expect, it } from 'vitest';
import { rawAnswer, type Step, startScriptedServer } from './scripted-server.ts';

const OK: Step = { request: 'GET /a', answer: { status: 200, body: 'yes' } };

async function follow(steps: readonly Step[], paths: readonly string[]): Promise<() => void> {
  const server = await startScriptedServer(steps);
  for (const path of paths) await fetch(`${server.url}${path}`).catch(() => {});
  await server.close();
  return () => server.verify();
}

describe('the scripted server', () => {
  it('is content when its script was followed', async () => {
    expect(await follow([OK, OK], ['/a', '/a'])).not.toThrow();
  });

  it.each<[string, readonly Step[], readonly string[], string]>([
    ['a request that is not in the script', [], ['/a'], 'unexpected GET /a'],
    ['another request than the next', [OK], ['/b'], 'unexpected GET /b, expected GET /a'],
    ['a step that is not used', [OK, OK], ['/a'], 'never came: GET /a'],
    ['a check that throws', [{ ...OK, check: () => expect(1).toBe(2) }], ['/a'], 'expected 1 to be 2'],
  ])('fails for %s', async (_what, steps, paths, message) => {
    expect(await follow(steps, paths)).toThrow(message);
  });

  it('sends raw bytes and misbehaves as told', async () => {
    const short = rawAnswer(['HTTP/1.1 200 OK', 'Content-Length: 10'], 'abc');
    const server = await startScriptedServer([{ request: /./, answer: { raw: short, ending: 'close' } }]);
    const answer = await fetch(server.url);
    await expect(answer.text()).rejects.toThrow('terminated');
    await server.close();
    server.verify();
  });
});
