import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Corpus, corpus } from '../../test/builders/corpus.ts';
import { pushCorpus } from '../../test/builders/push-corpus.ts';
import { type RealRegistry, startRealRegistry } from '../../test/doubles/real-registries.ts';
import { findTool } from '../../test/doubles/tools.ts';
import { type SigstoreStack, startSigstoreStack } from '../../test/system/sigstore/stack.ts';
import { type Command, measure } from '../measure.ts';
import { runCip } from '../planning/run-cip.ts';
import { renderMarkdown } from '../table.ts';
import { titleOf } from '../title.ts';

interface World {
  readonly images: Corpus['images'];
  readonly registry: RealRegistry;
  readonly stack: SigstoreStack;
  readonly place: string;
}

/** Signs 100 images of 6 digests without a key, with `cip` and with `cosign sign -r` of cosign 2. Prints Markdown. Gives the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const names = args.includes('--quick') ? 1 : 20;
  const place = await mkdtemp(join(tmpdir(), 'cip-bench-signing-'));
  const [registry, stack] = await Promise.all([startRealRegistry('distribution-2.8'), startSigstoreStack()]);
  try {
    const all = corpus({ names });
    await pushCorpus(registry.host, 'staging', all);
    const exp = Math.floor(Date.now() / 1000) + 3600;
    await writeFile(
      join(place, 'token'),
      stack.issuer.token({ email: 'bench@example.com', email_verified: true, exp }),
    );
    const rows = await measureAll({ images: all.images, registry, stack, place });
    console.log(`${titleOf(registry)}, ${all.images.length} images × 6 digests\n`);
    console.log(renderMarkdown(['', 'log entries', 'requests', 'wall s', 'CPU s'], rows));
    return 0;
  } finally {
    await Promise.all([registry.stop(), stack.stop()]);
    await rm(place, { recursive: true });
  }
}

async function measureAll(world: World): Promise<string[][]> {
  const rows: string[][] = [];
  for (const [name, flags] of [
    ['cip, bundles alone', ['-sign-legacy=false', '-attest=false']],
    ['cip, bundles and attestations', ['-sign-legacy=false']],
    ['cip, all', []],
  ] as const) {
    const command = await cipCommand(world, [...flags]);
    rows.push(await rowOf(name, command, world), await rowOf(`${name}, again`, command, world));
  }
  const cosign = await cosignCommand(world);
  rows.push(
    await rowOf('cosign 2 sign -r', cosign, world),
    await rowOf('cosign 2 sign -r, again', cosign, world),
  );
  return rows;
}

async function rowOf(name: string, command: Command, world: World): Promise<string[]> {
  const { registry, stack, place } = world;
  const [requests = 0, entries] = [await registry.requests(), stack.rekorV1Entries()];
  const measured = await measure(command, place);
  if (measured.exitCode !== 0) throw new Error(`${name}: exit ${measured.exitCode}: ${measured.output}`);
  const made = [stack.rekorV1Entries() - entries, ((await registry.requests()) ?? 0) - requests];
  console.error(`${name}: ${made.join(' entries, ')} requests, ${measured.seconds} s`);
  const times = [measured.seconds, measured.cpuSeconds].map((seconds) => seconds.toFixed(1));
  return [name, ...made.map((count) => count.toLocaleString('en')), ...times];
}

let destinations = 0;

/** Images of a destination of their own, without signatures. */
async function promoted({ images, registry, place }: World) {
  const destination = `${registry.host}/prod-${++destinations}`;
  const manifest = join(place, 'manifest.yaml');
  const entries = images.map(
    ({ repository, tag, index }) => `- name: ${repository}\n  dmap:\n    "${index.digest}": ["${tag}"]\n`,
  );
  const registries = `registries:\n- name: ${registry.host}/staging\n  src: true\n- name: ${destination}\n`;
  await writeFile(manifest, `${registries}images:\n${entries.join('')}`);
  const flags = [`-manifest=${manifest}`, '-confirm'];
  const run = await runCip(flags, { place });
  if (run.exitCode !== 0) throw new Error(`the promotion: exit ${run.exitCode}: ${run.output}`);
  return { destination, flags };
}

async function cipCommand(world: World, more: readonly string[]): Promise<Command> {
  const { stack, place } = world;
  const { flags } = await promoted(world);
  const args = [
    'bin/cip.js',
    ...flags,
    ...more,
    ...servicesOf(stack, place),
    `-trusted-root=${stack.trustedRoot}`,
  ];
  return { program: process.execPath, args, env: { HOME: place } };
}

/** One process for all images, and tags `.sig`: cosign 3 crashes with the log of the stack, which has no proofs of inclusion. */
async function cosignCommand(world: World): Promise<Command> {
  const { images, stack, place } = world;
  const { destination } = await promoted(world);
  const options = ['-r', '--yes', '--allow-http-registry', '--insecure-skip-verify'];
  const services = servicesOf(stack, place).map((flag) => `-${flag}`);
  return {
    program: findTool('cosign-v2') ?? 'cosign-v2',
    args: [
      'sign',
      ...options,
      ...services,
      ...images.map(({ repository, index }) => `${destination}/${repository}@${index.digest}`),
    ],
    env: {
      HOME: place,
      SIGSTORE_ROOT_FILE: stack.fulcioChain,
      SIGSTORE_REKOR_PUBLIC_KEY: stack.rekorV1Key,
    },
  };
}

function servicesOf(stack: SigstoreStack, place: string): readonly string[] {
  return [
    `-identity-token=${join(place, 'token')}`,
    `-fulcio-url=${stack.fulcioUrl}`,
    `-rekor-url=${stack.rekorV1Url}`,
  ];
}
