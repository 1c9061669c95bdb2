import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Corpus } from '../test/builders/corpus.ts';
import { promoterManifest } from '../test/builders/promoter-manifest.ts';
import { findTool, repositoryRoot, runTool, type ToolName } from '../test/doubles/tools.ts';
import type { Command } from './measure.ts';

/** Everything of a corpus from below `source` to below each of `destinations`, all of them `host/prefix`. */
export interface Job {
  readonly corpus: Corpus;
  readonly source: string;
  readonly destinations: readonly string[];
  /** An empty directory for what the program needs; also its home, so that its caches are cold. */
  readonly directory: string;
}

export interface Peer {
  readonly name: string;
  /** How it is called, for the reader. */
  readonly call: string;
  /** Its version, or why it cannot be run here. */
  look(): Promise<{ readonly version: string } | { readonly missing: string }>;
  /** Writes the files that the program needs, and gives what to run. */
  prepare(job: Job): Promise<Command>;
}

const CRANE_JOBS = 20;
const REGCTL_PROCESSES = 8;

/** The program of a checkout of cip. */
export function cipPeer(name: string, root: string): Peer {
  return {
    name,
    call: 'cip -manifest FILE -confirm',
    look: () => lookAtCheckout(root),
    prepare: async (job) => ({
      program: process.execPath,
      args: [join(root, 'bin/cip.js'), '-manifest', await writeManifest(job), '-confirm'],
      env: home(job),
    }),
  };
}

export const PEERS: readonly Peer[] = [
  cipPeer('cip', repositoryRoot()),
  {
    name: 'skopeo',
    call: 'skopeo sync --all --src yaml --dest docker',
    look: () => lookAtTool('skopeo', ['--version']),
    prepare: async (job) => ({
      program: 'xargs',
      args: [
        `--arg-file=${await writeLines(job, job.destinations)}`,
        '-n1',
        '-P1',
        pathOf('skopeo'),
        '--insecure-policy',
        'sync',
        '--all',
        '--dest-tls-verify=false',
        '--src=yaml',
        '--dest=docker',
        await writeSkopeoSource(job),
      ],
      // as if it were not root: then its cache of blobs is below the home, and not that of the machine
      env: { ...home(job), _CONTAINERS_ROOTLESS_UID: '1000' },
    }),
  },
  {
    name: 'crane',
    call: `crane copy -a -j${CRANE_JOBS}, one repository after the other`,
    look: () => lookAtTool('crane', ['version']),
    prepare: async (job) => ({
      program: 'xargs',
      args: [
        `--arg-file=${await writePairs(job, repositoriesOf(job))}`,
        '-n2',
        '-P1',
        pathOf('crane'),
        'copy',
        '-a',
        `-j${CRANE_JOBS}`,
      ],
      env: home(job),
    }),
  },
  {
    name: 'regctl',
    call: `regctl image copy for each tag, ${REGCTL_PROCESSES} at a time (xargs -P${REGCTL_PROCESSES})`,
    look: () => lookAtTool('regctl', ['version']),
    prepare: async (job) => ({
      program: 'xargs',
      args: [
        `--arg-file=${await writePairs(job, tagsOf(job))}`,
        '-n2',
        `-P${REGCTL_PROCESSES}`,
        pathOf('regctl'),
        'image',
        'copy',
        ...hostsOf(job).map((host) => `--host=reg=${host},tls=disabled`),
      ],
      env: { ...home(job), REGCTL_CONFIG: join(job.directory, 'regctl.json') },
    }),
  },
  {
    name: 'regsync',
    call: `regsync once, an entry for each repository, parallel: ${REGCTL_PROCESSES}, fastCheck`,
    look: () => lookAtTool('regsync', ['version']),
    prepare: async (job) => ({
      program: pathOf('regsync'),
      args: ['once', '--config', await writeRegsyncConfig(job)],
      env: { ...home(job), REGCTL_CONFIG: join(job.directory, 'regctl.json') },
    }),
  },
  {
    name: 'kpromo',
    call: 'kpromo cip --manifest FILE --confirm --sign=false',
    look: async () => {
      const found = await lookAtTool('kpromo', ['version']);
      // its inventory is Google's extension of tags/list, which neither of these registries has
      return 'missing' in found
        ? { missing: `${found.missing}; it also asks for Google's tags/list` }
        : found;
    },
    prepare: async (job) => ({
      program: pathOf('kpromo'),
      args: ['cip', '--manifest', await writeManifest(job), '--confirm', '--sign=false'],
      env: home(job),
    }),
  },
];

async function lookAtCheckout(root: string) {
  if (!existsSync(join(root, 'dist'))) return { missing: `not built: run npm run build in ${root}` };
  return { version: `with Node ${process.version}` };
}

async function lookAtTool(name: ToolName, args: readonly string[]) {
  if (findTool(name) === undefined) return { missing: 'found neither in .tools/bin nor on PATH' };
  const { stdout, stderr } = await runTool(name, args);
  return { version: /\d+\.\d+\.\d+[\w.+-]*/.exec(stdout + stderr)?.[0] ?? 'unknown' };
}

function pathOf(name: ToolName): string {
  const path = findTool(name);
  if (path === undefined) throw new Error(`${name} not found: run scripts/install-test-tools.sh`);
  return path;
}

function home({ directory }: Job): Record<string, string> {
  return { HOME: directory, XDG_DATA_HOME: directory, XDG_RUNTIME_DIR: directory, DOCKER_CONFIG: directory };
}

function writeManifest({ corpus, source, destinations, directory }: Job): Promise<string> {
  return write(directory, 'manifest.yaml', promoterManifest(corpus, { source, destinations }));
}

function writeLines({ directory }: Job, lines: readonly string[]): Promise<string> {
  return write(directory, 'lines.txt', lines.map((line) => `${line}\n`).join(''));
}

function writeRegsyncConfig(job: Job): Promise<string> {
  const creds = hostsOf(job).map((host) => ({ registry: host, tls: 'disabled' }));
  const defaults = { parallel: REGCTL_PROCESSES, fastCheck: true };
  const sync = job.destinations.flatMap((destination) =>
    repositoriesOf(job).map((name) => ({
      source: `${job.source}/${name}`,
      target: `${destination}/${name}`,
      type: 'repository',
    })),
  );
  return write(job.directory, 'regsync.json', JSON.stringify({ version: 1, creds, defaults, sync }));
}

function writeSkopeoSource({ corpus, source, directory }: Job): Promise<string> {
  const [host, prefix] = splitHost(source);
  const tags = new Map<string, string[]>();
  for (const { repository, tag } of corpus.images)
    tags.set(repository, [...(tags.get(repository) ?? []), tag]);
  const images = [...tags].map(
    ([name, of]) => `    ${prefix}/${name}: [${of.map((tag) => `"${tag}"`).join(', ')}]`,
  );
  return write(
    directory,
    'skopeo.yaml',
    `"${host}":\n  tls-verify: false\n  images:\n${images.join('\n')}\n`,
  );
}

/** A file with a line for each pair of what to copy and where to. */
function writePairs(job: Job, names: readonly string[]): Promise<string> {
  const pairs = job.destinations.flatMap((destination) =>
    names.map((name) => `${job.source}/${name} ${destination}/${name}`),
  );
  return writeLines(job, pairs);
}

function repositoriesOf({ corpus }: Job): string[] {
  return [...new Set(corpus.images.map(({ repository }) => repository))];
}

function tagsOf({ corpus }: Job): string[] {
  return corpus.images.map(({ repository, tag }) => `${repository}:${tag}`);
}

function hostsOf({ source, destinations }: Job): string[] {
  return [...new Set([source, ...destinations].map((place) => splitHost(place)[0]))];
}

function splitHost(place: string): [host: string, prefix: string] {
  const slash = place.indexOf('/');
  return [place.slice(0, slash), place.slice(slash + 1)];
}

async function write(directory: string, name: string, text: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}
