import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { corpus } from '../../test/builders/corpus.ts';
import { pushCorpus } from '../../test/builders/push-corpus.ts';
import { startRealRegistry } from '../../test/doubles/real-registries.ts';
import { runTool } from '../../test/doubles/tools.ts';
import { startSigstoreStack } from '../../test/system/sigstore/stack.ts';
import { type Command, measure } from '../measure.ts';
import { renderMarkdown } from '../table.ts';
import { titleOf } from '../title.ts';
import { cip, cosign2, cosign3, type Destination, promoteAll, tokenOf, type World } from './commands.ts';

/** A transparency log, with the programs that are compared on it. */
interface Log {
  readonly name: string;
  entries(): Promise<number>;
  readonly programs: readonly Program[];
}

interface Program {
  readonly name: string;
  command(destination: Destination): Command;
}

/**
 * Signs 100 images of 6 digests without a key, with `cip` beside cosign 3 on Rekor v2, and beside cosign 2 on Rekor v1.
 * Prints Markdown. Gives the exit code.
 */
export async function main(args: readonly string[]): Promise<number> {
  const names = args.includes('--quick') ? 1 : 20;
  const place = await mkdtemp(join(tmpdir(), 'cip-bench-signing-'));
  const [registry, stack] = await Promise.all([startRealRegistry('distribution-2.8'), startSigstoreStack()]);
  try {
    const all = corpus({ names });
    await pushCorpus(registry.host, 'staging', all);
    const exp = Math.floor(Date.now() / 1000) + 2 * 3600;
    const token = stack.issuer.token({ email: 'bench@example.com', email_verified: true, exp });
    await writeFile(tokenOf({ place }), token);
    const world = { images: all.images, registry, stack, place };
    const versions = `cosign ${await versionOf('cosign')} and ${await versionOf('cosign-v2')}`;
    console.log(`${titleOf(registry)}, ${versions}, ${all.images.length} images × 6 digests`);
    for (const log of await logsOf(world)) {
      const rows = await measureAll(log, world);
      console.log(`\n${renderMarkdown([log.name, 'log entries', 'requests', 'wall s', 'CPU s'], rows)}`);
    }
    return 0;
  } finally {
    await Promise.all([registry.stop(), stack.stop()]);
    await rm(place, { recursive: true });
  }
}

async function logsOf(world: World): Promise<readonly Log[]> {
  const { stack, place } = world;
  const predicate = join(place, 'predicate.json');
  await writeFile(predicate, '{"buildDefinition":{},"runDetails":{}}');
  const v1 = [`-fulcio-url=${stack.fulcioUrl}`, `-rekor-url=${stack.rekorV1Url}`];
  const v2 = [`-signing-config=${stack.signingConfig}`, '-sign-legacy=false'];
  const cipWith = (name: string, flags: readonly string[]): Program => ({
    name,
    command: (destination) => cip(destination, flags, world),
  });
  const cosign3With = (verb: readonly string[]) => (destination: Destination) =>
    cosign3(destination, verb, world);
  return [
    {
      name: 'Rekor v2',
      entries: () => stack.rekorV2Entries(),
      programs: [
        cipWith('cip, bundles alone', [...v2, '-attest=false']),
        { name: 'cosign 3 sign -r', command: cosign3With(['sign', '-r']) },
        cipWith('cip, bundles and attestations', v2),
        {
          name: 'cosign 3 attest, indexes alone',
          command: cosign3With(['attest', '--type=slsaprovenance1', `--predicate=${predicate}`]),
        },
      ],
    },
    {
      name: 'Rekor v1',
      entries: () => Promise.resolve(stack.rekorV1Entries()),
      programs: [
        cipWith('cip, bundles alone', [...v1, '-sign-legacy=false', '-attest=false']),
        cipWith('cip, bundles and tags `.sig`', [...v1, '-attest=false']),
        { name: 'cosign 2 sign -r, tags `.sig`', command: (destination) => cosign2(destination, world) },
        cipWith('cip, all', v1),
      ],
    },
  ];
}

async function measureAll(log: Log, world: World): Promise<string[][]> {
  const rows: string[][] = [];
  for (const program of log.programs) {
    const command = program.command(await promoteAll(world));
    for (const row of [program.name, `${program.name}, again`])
      rows.push(await rowOf(row, command, { log, world }));
  }
  return rows;
}

async function rowOf(
  name: string,
  command: Command,
  { log, world: { registry, place } }: { readonly log: Log; readonly world: World },
): Promise<string[]> {
  const [requests = 0, entries] = [await registry.requests(), await log.entries()];
  const measured = await measure(command, place);
  if (measured.exitCode !== 0) throw new Error(`${name}: exit ${measured.exitCode}: ${measured.output}`);
  const made = [(await log.entries()) - entries, ((await registry.requests()) ?? 0) - requests];
  console.error(`${log.name}, ${name}: ${made.join(' entries, ')} requests, ${measured.seconds} s`);
  const times = [measured.seconds, measured.cpuSeconds].map((seconds) => seconds.toFixed(1));
  return [name, ...made.map((count) => count.toLocaleString('en')), ...times];
}

async function versionOf(tool: 'cosign' | 'cosign-v2'): Promise<string> {
  const { stdout, stderr } = await runTool(tool, ['version']);
  return /GitVersion:\s*v?(\S+)/.exec(stdout + stderr)?.[1] ?? 'unknown';
}
