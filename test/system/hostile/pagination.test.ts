// Covers src/adapters/oci/api/pages.ts

import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ChunkSupport } from '../../../src/adapters/oci/api/blobs/chunk-support.ts';
import { Endpoints } from '../../../src/adapters/oci/api/endpoint.ts';
import { HeadSupport } from '../../../src/adapters/oci/api/head-support.ts';
import { InvalidNames } from '../../../src/adapters/oci/api/invalid-names.ts';
import { listRepository } from '../../../src/adapters/oci/api/listing.ts';
import type { Send } from '../../../src/http/request.ts';
import { clientForTest, quiet, registryErrorOf, repositoryAt } from '../../adapters/oci/client.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { type Step, scriptedServer } from '../../doubles/scripted-server.ts';

const MIB = 1024 * 1024;

describe('pages without end (CVE-2020-1702, ggcr #2302)', () => {
  it.each([
    ['the same page', '/v2/app/tags/list', ['a']],
    ['a page without tags', '/v2/app/tags/list?last=b', []],
    ['a page that only repeats', '/v2/app/tags/list?last=a', ['a', 'a']],
    ['a page of names that are none', '/v2/app/tags/list?last=c', ['../..', '', ' ', '-x', 'é']],
  ])('stop where one leads to %s', async (_what, link, tags) => {
    const headers = { link: `<${link}>; rel="next"` };
    const page = (names: readonly string[]): Step => ({
      request: /^GET \/v2\/app\/tags\/list/,
      answer: { status: 200, headers, body: { tags: names } },
    });
    const server = await scriptedServer([page(['a']), page(tags)]);
    const asked = clientForTest().registry.list(repositoryAt(server, 'app'), quiet());
    const error = await registryErrorOf(asked);
    expect(error).toMatchObject({ code: 'unexpected', temporary: false });
    expect(error.message).toContain('a page without new tags leads to another one');
  });

  it('stop in the end, though each has a tag of its own', async () => {
    let pages = 0;
    const server = createServer((_, answer) => {
      pages += 1;
      answer.setHeader('link', `</v2/app/tags/list?last=t${pages}>; rel="next"`);
      answer.end(`{"tags":["t${pages}"]}`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    const repository = repositoryAt({ host: `127.0.0.1:${address.port}` }, 'app');
    const error = await registryErrorOf(clientForTest().registry.list(repository, quiet()));
    expect(error.message).toContain('the list of tags has more than 10000 pages');
    expect(pages).toBe(10_000);
  });

  it('stop where they are too much together, though none of them is', async () => {
    let pages = 0;
    const padding = ' '.repeat(60 * MIB);
    const send: Send = (request) => {
      pages += 1;
      const body = Buffer.from(`{"tags":["t${pages}"]${padding}}`);
      const headers = { link: `<${request.url.pathname}?last=t${pages}>; rel="next"` };
      return Promise.resolve({ status: 200, headers, url: request.url, body });
    };
    const repository = repositoryAt({ host: '127.0.0.1:1' }, 'app');
    const session = {
      send,
      endpoints: new Endpoints([]),
      chunks: new ChunkSupport(),
      heads: new HeadSupport(),
      invalidNames: new InvalidNames(),
      clock: new FakeClock(),
    };
    const error = await registryErrorOf(listRepository(session, { repository, signal: quiet() }));
    expect(error.message).toContain('the list of tags has more than 268435456 bytes');
    expect(pages).toBe(5);
  });
});

describe('redirects without end', () => {
  const steps = (count: number, location: (url: string, hop: number) => string) => (url: string) =>
    Array.from(
      { length: count },
      (_, hop): Step => ({
        request: /./,
        answer: { status: 307, headers: { location: location(url, hop) } },
      }),
    );

  it.each([
    ['to themselves', () => '/v2/app/tags/list'],
    ['to something new each time', (_url: string, hop: number) => `/hop/${hop}`],
    ['to and fro', (_url: string, hop: number) => (hop % 2 === 0 ? '/ping' : '/pong')],
    ['under other names', (url: string, hop: number) => `${url.replace('127.0.0.1', `127.0.0.1`)}/?${hop}`],
  ])('are followed five times: %s', async (_what, location) => {
    const server = await scriptedServer(steps(6, location));
    const error = await registryErrorOf(clientForTest().registry.list(repositoryAt(server, 'app'), quiet()));
    expect(error).toMatchObject({ code: 'unexpected', temporary: false });
    expect(error.message).toContain('more than 5 redirects');
  });

  it('of a token service are followed five times as well', async () => {
    const server = await scriptedServer((url) => [
      {
        request: /^GET/,
        answer: { status: 401, headers: { 'www-authenticate': `Bearer realm="${url}/token"` } },
      },
      ...steps(6, () => '/token')(url),
    ]);
    const error = await registryErrorOf(clientForTest().registry.list(repositoryAt(server, 'app'), quiet()));
    expect(error.message).toContain('more than 5 redirects');
  });

  it('between challenges end: a registry that says 401 for ever is asked twice', async () => {
    const answer = { status: 401, headers: { 'www-authenticate': 'Bearer realm="URL/token"' } };
    const server = await scriptedServer((url) => {
      const headers = { 'www-authenticate': answer.headers['www-authenticate'].replace('URL', url) };
      const refused: Step = { request: /^GET \/v2/, answer: { status: 401, headers } };
      const token: Step = { request: /^GET \/token/, answer: { status: 200, body: { token: 't' } } };
      return [refused, token, refused, token, refused];
    });
    const error = await registryErrorOf(clientForTest().registry.list(repositoryAt(server, 'app'), quiet()));
    expect(error).toMatchObject({ code: 'unauthorized', status: 401 });
  });
});
