import { cpus } from 'node:os';
import { corpus, type Corpus } from '../test/builders/corpus.ts';
import { promoterManifest } from '../test/builders/promoter-manifest.ts';
import { pushCorpus } from '../test/builders/push-corpus.ts';
import { type RealRegistry, startRealRegistry } from '../test/doubles/real-registries.ts';
import type { RegistryKind } from '../test/doubles/registry-programs.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { type Peer, PEERS } from './peers.ts';
import { BAR, renderFailures, renderTable } from './table.ts';
import { runTrial, type Setting, SOURCE_PREFIX, type Trial, type Where } from './trial.ts';

/** Measures and prints Markdown on stdout; what it is doing goes to stderr. Gives the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const all = corpus(options.size);
  if (options.push !== undefined) await pushOnly(options.push, all);
  else await compare(options, all);
  return 0;
}

async function pushOnly(place: string, all: Corpus): Promise<void> {
  const slash = place.indexOf('/');
  if (slash === -1) throw new Error(`--push: expected HOST/PREFIX, got ${place}`);
  await pushCorpus(place.slice(0, slash), place.slice(slash + 1), all);
  const destination = `${place.slice(0, slash)}/prod`;
  console.log(promoterManifest(all, { source: place, destinations: [destination] }));
}

async function compare(options: Options, all: Corpus): Promise<void> {
  const { names, versions, platforms } = options.size;
  const total = [...all.blobs.values()].reduce((sum, blob) => sum + blob.length, 0);
  console.log(
    `${names} names × ${versions} versions = ${all.images.length} indexes × ${platforms} platforms,`,
  );
  console.log(`${(total / 1e6).toFixed(1)} MB of blobs; median (least–most) of ${options.trials};`);
  console.log(`Node ${process.version}, ${cpus().length} CPUs, all on the loopback device.\n`);
  const peers = await chosenPeers(options);
  for (const kind of options.registries) await compareOn(kind, { options, peers, all });
}

async function chosenPeers(options: Options): Promise<readonly Peer[]> {
  const found: Peer[] = [];
  for (const peer of PEERS) {
    if (options.peers !== undefined && !options.peers.includes(peer.name)) continue;
    const look = await peer.look();
    if ('missing' in look) console.log(`- ${peer.name}: not measured: ${look.missing}`);
    else {
      console.log(`- ${peer.name} ${look.version}: \`${peer.call}\``);
      found.push(peer);
    }
  }
  return found;
}

interface Comparison {
  readonly options: Options;
  readonly peers: readonly Peer[];
  readonly all: Corpus;
}

async function compareOn(kind: RegistryKind, { options, peers, all }: Comparison): Promise<void> {
  // the fast registry keeps blobs in memory, or the disk would set the pace
  const source = await startRealRegistry(kind, { memory: kind === 'crane' });
  try {
    await pushCorpus(source.host, SOURCE_PREFIX, all);
    for (const where of ['same', 'other'] as const) {
      const rows = await runTrials(peers, options.trials, { corpus: all, source, where });
      console.log(`\n**${title(source, where)}**\n`);
      console.log(renderTable(rows, barOf(kind, where, all)));
      const failures = renderFailures(rows);
      if (failures !== '') console.log(`\nWhat failed said last:\n${failures}`);
    }
  } finally {
    await source.stop();
  }
}

/** One trial of each program, then the next of each: what slows the machine for a while slows all of them. */
async function runTrials(peers: readonly Peer[], trials: number, setting: Omit<Setting, 'number'>) {
  const rows = peers.map((peer) => ({ name: peer.name, trials: [] as Trial[] }));
  for (let number = 1; number <= trials; number++) {
    for (const [index, peer] of peers.entries()) {
      const trial = await runTrial(peer, { ...setting, number });
      rows[index]?.trials.push(trial);
      tell(peer, { ...setting, number }, trial);
    }
  }
  return rows;
}

function tell(peer: Peer, { source, where, number }: Setting, { first, again }: Trial): void {
  const codes = `exit ${first.exitCode} and ${again.exitCode}`;
  const times = `${first.seconds.toFixed(2)} s, again ${again.seconds.toFixed(2)} s, ${codes}`;
  console.error(`${source.kind}, ${where} registry, trial ${number}: ${peer.name}: ${times}`);
}

function title({ kind, version }: RealRegistry, where: Where): string {
  const program = kind === 'crane' ? 'crane registry serve' : kind.replace(/-.*/, '');
  return `${program} ${version}, ${where === 'same' ? 'within one registry' : 'from one registry to another'}`;
}

/** The bar was measured with the full corpus; a registry that does not mount asks for more. */
function barOf(kind: RegistryKind, where: Where, all: Corpus) {
  const full = all.images.length === 100;
  return full && kind.startsWith('distribution') ? BAR[where] : undefined;
}
