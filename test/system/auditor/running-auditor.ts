import { request } from 'undici';
import { type CipOptions, type RunningCip, startCip } from '../../doubles/run-cip.ts';

/** A line of the auditor's log. */
export interface LogLine {
  readonly severity: string;
  readonly message: string;
  readonly '@type'?: string;
  readonly 'logging.googleapis.com/trace'?: string;
  readonly 'logging.googleapis.com/labels'?: Readonly<Record<string, string>>;
}

export interface RunningAuditor {
  readonly url: string;
  readonly program: RunningCip;
  /** Sends a body, and resolves to status and text. */
  readonly post: (body: string, headers?: Readonly<Record<string, string>>) => Promise<string>;
  /** Sends a change as a push subscription does. */
  readonly push: (change: {
    readonly action?: string;
    readonly digest?: string;
    readonly tag?: string;
  }) => Promise<string>;
  readonly get: (path: string) => Promise<string>;
  /** Resolves to all lines of the log once one of them matches. */
  readonly logged: (pattern: RegExp) => Promise<readonly LogLine[]>;
}

/** The service on a free port of the loopback device, with the id `ID`. It is killed when the running test ends. */
export async function startAuditor(
  args: readonly string[],
  { env = {}, ...options }: CipOptions = {},
): Promise<RunningAuditor> {
  const host = args.some((arg) => arg.startsWith('-host=')) ? [] : ['-host=127.0.0.1'];
  const program = startCip([...args, ...host], {
    program: 'cip-auditor',
    env: { PORT: '0', CIP_AUDIT_TESTCASE_UUID: 'ID', ...env },
    ...options,
  });
  const text = await program.says(/"message":"listening".*\n/);
  const port = /"port":"(\d+)"/.exec(text)?.[1];
  const url = `http://127.0.0.1:${port}`;
  const post: RunningAuditor['post'] = (body, headers = {}) => send(url, { method: 'POST', body, headers });
  return {
    url,
    program,
    post,
    push: (change) => post(pushOf({ action: 'INSERT', ...change })),
    get: (path) => send(`${url}${path}`, { method: 'GET' }),
    logged: async (pattern) => parseLines(await program.says(pattern)),
  };
}

/** The body of a push subscription. */
export function pushOf(payload: unknown): string {
  const data = Buffer.from(JSON.stringify(payload)).toString('base64');
  return JSON.stringify({ message: { data, messageId: '1' }, subscription: 'projects/p/subscriptions/s' });
}

export function parseLines(text: string): readonly LogLine[] {
  const lines = text.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line): LogLine => JSON.parse(line));
}

async function send(
  url: string,
  options: {
    readonly method: 'GET' | 'POST';
    readonly body?: string;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<string> {
  const { statusCode, body } = await request(url, options);
  return `${statusCode} ${await body.text()}`;
}
