import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Issued } from './private-ca.ts';
import { type RunningProgram, startProgram } from './start-program.ts';
import { findTool, type ToolName } from './tools.ts';

const TOOLS: readonly ToolName[] = ['docker-registry', 'nginx', 'openssl'];

/** False where a program is missing, which is said once; an error with CI=true. */
export function hasTlsTools(): boolean {
  const missing = TOOLS.filter((tool) => findTool(tool) === undefined);
  if (missing.length === 0) return true;
  if (process.env['CI'] === 'true') {
    throw new Error(`not found, though CI=true: ${missing.join(', ')}; run scripts/install-test-tools.sh`);
  }
  console.error(`TLS is not tested with real programs, not found: ${missing.join(', ')}`);
  return false;
}

/** docker-registry, in plain http unless it is given a certificate. */
export function startDockerRegistry(issued?: Issued): Promise<RunningProgram> {
  const tls = issued === undefined ? '' : `  tls:\n    certificate: ${issued.cert}\n    key: ${issued.key}\n`;
  return startProgram('docker-registry', (port, directory) => {
    const config = `version: 0.1
log: { level: error }
storage:
  filesystem: { rootdirectory: ${join(directory, 'data')} }
http:
  addr: 127.0.0.1:${port}
  relativeurls: true
${tls}`;
    return ['serve', writeConfig(directory, config)];
  });
}

/** nginx with TLS in front of another server, for clients with a certificate of this authority only. */
export function startMutualTls(
  issued: Issued,
  { ca, behind }: { ca: string; behind: RunningProgram },
): Promise<RunningProgram> {
  return startProgram('nginx', (port, directory) => {
    mkdirSync(join(directory, 'temp'));
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `  ${name}_temp_path ${join(directory, 'temp', name)};`)
      .join('\n');
    const config = `daemon off;
master_process off;
pid ${join(directory, 'pid')};
error_log stderr error;
events {}
http {
  access_log off;
${temp}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${issued.cert};
    ssl_certificate_key ${issued.key};
    ssl_client_certificate ${ca};
    ssl_verify_client on;
    client_max_body_size 0;
    location / {
      proxy_pass http://127.0.0.1:${behind.port};
      proxy_request_buffering off;
      proxy_set_header Host $http_host;
    }
  }
}
`;
    return ['-c', writeConfig(directory, config), '-e', 'stderr', '-p', directory];
  });
}

function writeConfig(directory: string, config: string): string {
  const file = join(directory, 'config');
  writeFileSync(file, config);
  return file;
}
