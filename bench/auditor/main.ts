import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Agent, request } from 'undici';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import { readManifests } from '../../src/manifest/read-manifests.ts';
import { repositoryRoot } from '../../test/doubles/tools.ts';

const USAGE = `usage: npm run bench:auditor -- --manifests DIR [options]

  --rate N       messages per second (default 500)
  --seconds N    duration of the steady load (default 60)
  --burst N      messages sent at once afterwards (default 10000)
  --rejected N   one message in N that no manifest allows (default 1000); 0 for none
`;

interface Measured {
  readonly statuses: Map<number | string, number>;
  readonly latencies: number[];
}

/** Loads the auditor with messages of promoted tags, and prints latency, memory and lost messages. */
export async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      manifests: { type: 'string' },
      rate: { type: 'string', default: '500' },
      seconds: { type: 'string', default: '60' },
      burst: { type: 'string', default: '10000' },
      rejected: { type: 'string', default: '1000' },
    },
  });
  if (values.manifests === undefined) {
    console.error(USAGE);
    return 2;
  }
  const [rate, seconds] = [Number(values.rate), Number(values.seconds)];
  const [burst, rejected] = [Number(values.burst), Number(values.rejected)];
  const messages = await makeMessages(values.manifests, rejected);
  const auditor = await startAuditor(values.manifests);
  try {
    const steady = await sendAtRate(auditor.url, { messages, rate, total: rate * seconds });
    const peakSteady = auditor.peakMiB();
    const flood = await sendAtOnce(auditor.url, { messages, total: burst });
    console.log(`| load | messages | by status | p50 ms | p99 ms | most ms | peak RSS MiB |`);
    console.log(`|---|--:|---|--:|--:|--:|--:|`);
    console.log(rowOf(`${rate}/s for ${seconds} s`, steady, peakSteady));
    console.log(rowOf(`${burst} at once`, flood, auditor.peakMiB()));
    console.log(`\nverdicts in the log: ${auditor.verdicts()}`);
  } finally {
    auditor.stop();
  }
  return 0;
}

/** The bodies of pushes: tags that the manifests have, and now and then a digest that they have not. */
async function makeMessages(directory: string, rejected: number): Promise<(index: number) => string> {
  const { signal } = new AbortController();
  const { manifests } = await readManifests({ kind: 'thin', directory }, signal);
  const bodies: string[] = [];
  for (const { repository, list } of expandEdges(manifests).repositories) {
    for (const { digest, tags } of list.wants.slice(0, 5))
      bodies.push(bodyOf(`${repository}@${digest}`, `${repository}:${tags[0]?.tag ?? ''}`, tags.length > 0));
    if (bodies.length > 20_000) break;
  }
  return (index) => {
    if (rejected === 0 || index % rejected !== rejected - 1)
      return bodies[(index * 7919) % bodies.length] ?? '';
    const digest = `sha256:${index.toString(16).padStart(64, '0')}`;
    return bodyOf(`us.gcr.io/unknown-${index % 10}/app@${digest}`, '', false);
  };
}

function bodyOf(digest: string, tag: string, hasTag: boolean): string {
  const payload = { action: 'INSERT', digest, ...(hasTag ? { tag } : {}) };
  const data = Buffer.from(JSON.stringify(payload)).toString('base64');
  return JSON.stringify({ message: { data, messageId: '1' }, subscription: 'projects/p/subscriptions/s' });
}

async function startAuditor(directory: string) {
  const child = spawn(
    process.execPath,
    [`${repositoryRoot()}/bin/cip-auditor.js`, `-path=${directory}`, '-no-auth', '-host=127.0.0.1'],
    {
      env: { PATH: process.env['PATH'], HOME: '/nonexistent', PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let verdicts = 0;
  let head = '';
  let rest = '';
  const ready = new Promise<number>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      verdicts += lines.filter((line) => line.includes('TRANSACTION ')).length;
      if (head.length < 10_000) head += text;
      const port = /"port":"(\d+)"/.exec(head)?.[1];
      if (port !== undefined && head.includes('manifests read')) resolve(Number(port));
    });
  });
  const port = await ready;
  return {
    url: `http://127.0.0.1:${port}/`,
    verdicts: () => verdicts,
    /** The highest resident memory so far. */
    peakMiB: () => {
      const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
      return Math.round(Number(kilobytes) / 1024);
    },
    stop: () => void child.kill('SIGKILL'),
  };
}

interface Load {
  readonly messages: (index: number) => string;
  readonly total: number;
}

/** Sends messages at fixed times, whether or not earlier ones are answered; latency counts from the planned time. */
async function sendAtRate(
  url: string,
  { messages, rate, total }: Load & { readonly rate: number },
): Promise<Measured> {
  const measured: Measured = { statuses: new Map(), latencies: [] };
  const dispatcher = new Agent({ connections: 256, pipelining: 1 });
  const begin = performance.now();
  const sent: Promise<void>[] = [];
  for (let index = 0; index < total; index++) {
    const due = begin + (index * 1000) / rate;
    const wait = due - performance.now();
    if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
    sent.push(send(url, { body: messages(index), due, dispatcher }, measured));
  }
  await Promise.all(sent);
  await dispatcher.close();
  return measured;
}

async function sendAtOnce(url: string, { messages, total }: Load): Promise<Measured> {
  const measured: Measured = { statuses: new Map(), latencies: [] };
  const dispatcher = new Agent({ connections: 1500, pipelining: 1 });
  const due = performance.now();
  await Promise.all(
    Array.from({ length: total }, (_, index) =>
      send(url, { body: messages(index), due, dispatcher }, measured),
    ),
  );
  await dispatcher.close();
  return measured;
}

async function send(
  url: string,
  { body, due, dispatcher }: { readonly body: string; readonly due: number; readonly dispatcher: Agent },
  { statuses, latencies }: Measured,
): Promise<void> {
  const status = await request(url, { method: 'POST', body, dispatcher })
    .then(async (response) => {
      await response.body.dump();
      return response.statusCode;
    })
    .catch((error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'lost'));
  statuses.set(status, (statuses.get(status) ?? 0) + 1);
  latencies.push(performance.now() - due);
}

function rowOf(load: string, { statuses, latencies }: Measured, peak: number): string {
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
  const counts = Array.from(statuses, ([status, count]) => `${status}: ${count}`)
    .toSorted()
    .join(', ');
  return `| ${load} | ${latencies.length} | ${counts} | ${at(0.5)} | ${at(0.99)} | ${at(1)} | ${peak} |`;
}
