import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';

export interface GitServer {
  readonly url: string;
  /** `METHOD path authorization` of each request. */
  readonly requests: readonly string[];
}

/**
 * Serves the git repositories below a directory over HTTP for the running test, through git's own CGI program. Pushes
 * need this `Authorization`; without one there are none.
 */
export async function startGitServer(
  directory: string,
  { pushWith }: { readonly pushWith?: string } = {},
): Promise<GitServer> {
  const requests: string[] = [];
  const backend = `${execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim()}/git-http-backend`;
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
    const { authorization } = request.headers;
    requests.push(`${request.method} ${pathname} ${authorization ?? '-'}`);
    if (pushWith !== undefined && `${pathname}${search}`.includes('receive-pack')) {
      if (authorization !== pushWith) return void response.writeHead(403).end();
    }
    const cgi = spawn(backend, {
      env: {
        PATH: process.env['PATH'],
        GIT_PROJECT_ROOT: directory,
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_CONFIG_COUNT: '2',
        GIT_CONFIG_KEY_0: 'safe.directory',
        GIT_CONFIG_VALUE_0: '*',
        GIT_CONFIG_KEY_1: 'http.receivepack',
        GIT_CONFIG_VALUE_1: String(pushWith !== undefined),
        REQUEST_METHOD: request.method,
        PATH_INFO: pathname,
        QUERY_STRING: search.slice(1),
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: request.headers['git-protocol']?.toString() ?? '',
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    request.pipe(cgi.stdin);
    const pieces: Buffer[] = [];
    cgi.stdout.on('data', (piece: Buffer) => pieces.push(piece));
    cgi.on('close', () => {
      const output = Buffer.concat(pieces);
      const end = output.indexOf('\r\n\r\n');
      const lines = output.toString('utf8', 0, end).split('\r\n');
      const headers = Object.fromEntries(lines.map((line) => line.split(': ')));
      response
        .writeHead(Number.parseInt(headers['Status'] ?? '200', 10), headers)
        .end(output.subarray(end + 4));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { url: `http://127.0.0.1:${address.port}`, requests };
}
