import { Agent, request } from 'node:http';
import { forEachConcurrently } from '../../src/base/concurrency.ts';
import { type Blob, blobsOf, type Content, manifestsOf } from './content.ts';

const CONCURRENT_UPLOADS = 8;

/**
 * Puts content and all that it leads to into any registry that asks for no credentials, over plain HTTP: blobs by
 * POST and PUT, then manifests by digest, children first, tags last. Throws on any answer but success.
 */
export async function pushOverHttp(
  baseUrl: string,
  repository: string,
  content: Content,
  tags: readonly string[] = [],
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENT_UPLOADS });
  const root = `${baseUrl}/v2/${repository}`;
  const { signal } = new AbortController();
  try {
    await forEachConcurrently(blobsOf(content), { workers: CONCURRENT_UPLOADS, signal }, (blob) =>
      pushBlob(agent, root, blob),
    );
    for (const { digest, mediaType, bytes } of manifestsOf(content)) {
      await send(agent, { method: 'PUT', url: `${root}/manifests/${digest}`, type: mediaType, body: bytes });
    }
    const { mediaType, bytes } = content.manifest;
    await forEachConcurrently(tags, { workers: CONCURRENT_UPLOADS, signal }, async (tag) => {
      await send(agent, { method: 'PUT', url: `${root}/manifests/${tag}`, type: mediaType, body: bytes });
    });
  } finally {
    agent.destroy();
  }
}

async function pushBlob(agent: Agent, root: string, { digest, bytes }: Blob): Promise<void> {
  const location = await send(agent, { method: 'POST', url: `${root}/blobs/uploads/` });
  const url = new URL(location, root);
  url.searchParams.append('digest', digest);
  await send(agent, { method: 'PUT', url: url.href, type: 'application/octet-stream', body: bytes });
}

/** Sends a request; gives the Location of its answer, empty where it has none. */
function send(
  agent: Agent,
  {
    method,
    url,
    type,
    body = new Uint8Array(0),
  }: { method: string; url: string; type?: string; body?: Uint8Array },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Length': body.length, ...(type !== undefined && { 'Content-Type': type }) };
    const outgoing = request(url, { agent, method, headers }, (answer) => {
      const { statusCode = 0, headers: received } = answer;
      answer.resume();
      answer.once('error', reject);
      answer.once('end', () => {
        if (statusCode >= 200 && statusCode < 300) resolve(received.location ?? '');
        else reject(new Error(`${method} ${url}: ${statusCode}`));
      });
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
