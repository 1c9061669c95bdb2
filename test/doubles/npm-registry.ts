import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** A local npm registry, with the endpoints that `npm publish` and `npm install` need. */
export interface NpmRegistry {
  readonly url: string;
  /** What was published, in order. */
  readonly published: readonly Publication[];
}

export interface Publication {
  /** Name and version. */
  readonly id: string;
  /** The distribution tag, such as `latest`. */
  readonly tag: string | undefined;
  readonly token: string | undefined;
}

interface Packument {
  readonly name: string;
  readonly 'dist-tags': Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, { readonly dist: { tarball: string } }>>;
  readonly _attachments?: Readonly<Record<string, { readonly data: string }>>;
}

/** Closes when the running test ends. */
export async function startNpmRegistry(): Promise<NpmRegistry> {
  const packages = new Map<string, Packument>();
  const tarballs = new Map<string, Buffer>();
  const published: Publication[] = [];
  const publish = ({ _attachments = {}, ...document }: Packument, token: string | undefined) => {
    for (const [file, { data }] of Object.entries(_attachments)) {
      tarballs.set(`/tarballs/${file}`, Buffer.from(data, 'base64'));
      for (const [version, { dist }] of Object.entries(document.versions)) {
        const [tag] = Object.keys(document['dist-tags']);
        dist.tarball = `${url}/tarballs/${file}`;
        published.push({ id: `${document.name}@${version}`, tag, token });
      }
    }
    packages.set(`/${document.name}`, document);
  };
  const server = createServer((request, response) => {
    const answer = (status: number, body: string | Buffer) => response.writeHead(status).end(body);
    if (request.method === 'PUT') {
      void buffer(request).then((body) => {
        publish(JSON.parse(body.toString()), request.headers.authorization);
        answer(201, '{}');
      });
      return;
    }
    const path = decodeURIComponent(request.url ?? '');
    const document = packages.get(path);
    const found = document === undefined ? tarballs.get(path) : JSON.stringify(document);
    answer(found === undefined ? 404 : 200, found ?? '{}');
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
