import type { ToolName } from './tools.ts';

/** The registries of others that this program is tried against. */
export type RegistryKind = 'distribution-2.8' | 'distribution-3' | 'crane' | 'zot';

export interface RegistryProgram {
  readonly tool: ToolName;
  /** False where it cannot be built everywhere: then it is never missed, not even in CI. */
  readonly required: boolean;
  readonly versionArgs: readonly string[];
  /** What is written to `config` before the start; empty where there is no such file. */
  config(place: Place): string;
  args(place: Place): readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Reads a line of its log, or gives undefined where the line is of something else. */
  readonly parseLogLine: ((line: string) => LoggedRequest | undefined) | undefined;
}

export interface Place {
  readonly port: number;
  /** Where it may keep its data. */
  readonly data: string;
  readonly memory: boolean;
  /** Whether it remembers descriptors of blobs, and answers from that memory. */
  readonly cache: boolean;
  /** Whom it lets in, in the words of its configuration. Undefined: everyone. */
  readonly auth: string | undefined;
  /** Path of the file of its configuration. */
  readonly config: string;
}

export interface LoggedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Undefined where the log does not say. */
  readonly status: number | undefined;
  /** Bytes of the body of the answer; undefined where the log does not say. */
  readonly bytesOut: number | undefined;
}

// the small heap of a registry makes the collector dominate: this halves its CPU time
const SPARING_COLLECTOR = { GOGC: '800' };

export const REGISTRY_PROGRAMS: Readonly<Record<RegistryKind, RegistryProgram>> = {
  'distribution-2.8': {
    tool: 'docker-registry',
    required: true,
    versionArgs: ['--version'],
    config: distributionConfig,
    args: ({ config }) => ['serve', config],
    env: SPARING_COLLECTOR,
    parseLogLine: parseCombinedLog,
  },
  'distribution-3': {
    tool: 'registry',
    required: true,
    versionArgs: ['--version'],
    config: distributionConfig,
    args: ({ config }) => ['serve', config],
    env: { ...SPARING_COLLECTOR, OTEL_TRACES_EXPORTER: 'none' },
    parseLogLine: parseCombinedLog,
  },
  crane: {
    tool: 'crane',
    required: true,
    versionArgs: ['version'],
    config: () => '',
    args: ({ port, data, memory }) => [
      'registry',
      'serve',
      `--address=127.0.0.1:${port}`,
      ...(memory ? [] : ['--disk', data]),
    ],
    env: {},
    parseLogLine: parseCraneLog,
  },
  zot: {
    tool: 'zot',
    required: false,
    versionArgs: ['--version'],
    config: ({ port, data }) =>
      JSON.stringify({
        distSpecVersion: '1.1.1',
        storage: { rootDirectory: data, gc: false, dedupe: true },
        http: { address: '127.0.0.1', port: String(port) },
        log: { level: 'error' },
      }),
    args: ({ config }) => ['serve', config],
    env: {},
    parseLogLine: undefined,
  },
};

function distributionConfig({ port, data, memory, cache, auth }: Place): string {
  const storage = memory
    ? ['  inmemory: {}']
    : ['  filesystem:', `    rootdirectory: ${data}`, '    maxthreads: 200'];
  return `version: 0.1
log:
  level: error
  accesslog:
    disabled: false
storage:
${[...storage, ...(cache ? ['  cache:', '    blobdescriptor: inmemory'] : [])].join('\n')}
  delete:
    enabled: true
  maintenance:
    uploadpurging:
      enabled: false
http:
  addr: 127.0.0.1:${port}
  relativeurls: true
  secret: the same for every upload of a test
health:
  storagedriver:
    enabled: false
${auth ?? ''}`;
}

/** Apache's combined format: `127.0.0.1 - - [time] "GET /v2/ HTTP/1.1" 200 2 "" "agent"`. */
function parseCombinedLog(line: string): LoggedRequest | undefined {
  const match = /^\S+ \S+ \S+ \[[^\]]+\] "([A-Z]+) (\S+) [^"]*" (\d{3}) (\d+)/.exec(line);
  if (match === null) return undefined;
  const [, method = '', url = '', status, bytes] = match;
  // for HEAD it counts the bytes that a GET would have had
  return { method, url, status: Number(status), bytesOut: method === 'HEAD' ? 0 : Number(bytes) };
}

/** `2026/11/20 23:47:27 GET /v2/`, and ` 404 NAME_UNKNOWN Unknown name` after it where it was refused. */
function parseCraneLog(line: string): LoggedRequest | undefined {
  const match = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d ([A-Z]+) (\/\S*)(?: (\d{3}) )?/.exec(line);
  if (match === null) return undefined;
  const [, method = '', url = '', status] = match;
  return { method, url, status: status === undefined ? undefined : Number(status), bytesOut: undefined };
}
