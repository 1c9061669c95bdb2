import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** A registry of npm packages on the loopback device: as much of it as publishing and installing ask for. */
export interface NpmRegistry {
  readonly url: string;
  /** What was published, in order. */
  readonly published: readonly Publication[];
}

export interface Publication {
  /** Name and version. */
  readonly id: string;
  /** Of the version, such as `latest`. */
  readonly tag: string | undefined;
  readonly token: string | undefined;
}

interface Packument {
  readonly name: string;
  readonly 'dist-tags': Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, { readonly dist: { tarball: string } }>>;
  readonly _attachments?: Readonly<Record<string, { readonly data: string }>>;
}

/** Closed where the running test ends. */
export async function startNpmRegistry(): Promise<NpmRegistry> {
  const packages = new Map<string, Packument>();
  const tarballs = new Map<string, Buffer>();
  const published: Publication[] = [];
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    const answer = (status: number, body: string | Buffer) => response.writeHead(status).end(body);
    if (request.method === 'PUT') {
      const document: Packument = JSON.parse((await buffer(request)).toString());
      for (const [name, { data }] of Object.entries(document._attachments ?? {}))
        tarballs.set(`/tarballs/${name}`, Buffer.from(data, 'base64'));
      const [file = ''] = Object.keys(document._attachments ?? {});
      for (const [version, { dist }] of Object.entries(document.versions)) {
        dist.tarball = `${url}/tarballs/${file}`;
        const [tag] = Object.keys(document['dist-tags']);
        published.push({ id: `${document.name}@${version}`, tag, token: request.headers.authorization });
      }
      packages.set(path, document);
      return answer(201, '{}');
    }
    const found = tarballs.get(path) ?? packages.get(path);
    if (found === undefined) return answer(404, '{}');
    return answer(200, Buffer.isBuffer(found) ? found : JSON.stringify(found));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  return { url, published };
}
