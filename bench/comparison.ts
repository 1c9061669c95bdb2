import { cpus } from 'node:os';
import type { Corpus } from '../test/builders/corpus.ts';
import type { Options } from './options.ts';
import { cipPeer, type Peer, PEERS } from './peers.ts';
import { renderFailures, renderTable, type Row } from './table.ts';
import { runTrial, type Setting, type Trial } from './trial.ts';

/** Where a trial takes place, and how it is cleared away. */
export interface Stage extends Setting {
  end(): Promise<void>;
}

/** The programs that are measured: those that were asked for and are here. Says which, with their versions. */
export async function choosePeers(
  { peers: names, before }: Options,
  offered?: readonly string[],
): Promise<Peer[]> {
  const found: Peer[] = [];
  if (before !== undefined) found.push(cipPeer('cip before', before));
  for (const peer of PEERS) {
    if (names !== undefined && !names.includes(peer.name)) continue;
    if (offered !== undefined && !offered.includes(peer.name)) continue;
    const look = await peer.look();
    if ('missing' in look) console.log(`- ${peer.name}: not measured: ${look.missing}`);
    else {
      console.log(`- ${peer.name} ${look.version}: \`${peer.call}\``);
      found.push(peer);
    }
  }
  return found;
}

/** What was measured with, for the head of a table. */
export function describeCorpus(corpus: Corpus, { trials }: Options): string {
  const total = [...corpus.blobs.values()].reduce((sum, blob) => sum + blob.length, 0);
  const children = corpus.images.reduce((sum, { manifests }) => sum + manifests.length, 0);
  const images = `${corpus.images.length} indexes with ${children} children, ${(total / 1e6).toFixed(1)} MB of blobs`;
  return `${images}; median (least–most) of ${trials}; Node ${process.version}, ${cpus().length} CPUs, all on the loopback device.`;
}

/**
 * One trial of each program, then the next of each: what slows the machine for a while slows all of them. Prints the
 * table, and what those that failed have said.
 */
export async function compare(
  title: string,
  { peers, trials, stage }: { peers: readonly Peer[]; trials: number; stage: StageMaker },
): Promise<readonly Row[]> {
  const rows = peers.map((peer) => ({ name: peer.name, trials: [] as Trial[] }));
  for (let number = 1; number <= trials; number++) {
    for (const [index, peer] of peers.entries()) {
      const set = await stage(`${peer.name.replaceAll(' ', '-')}-${number}`);
      try {
        const trial = await runTrial(peer, set);
        rows[index]?.trials.push(trial);
        tell(`${title}, trial ${number}: ${peer.name}`, trial);
      } finally {
        await set.end();
      }
    }
  }
  console.log(`\n**${title}**\n`);
  console.log(renderTable(rows));
  const failures = renderFailures(rows);
  if (failures !== '') console.log(`\nWhat failed said last:\n${failures}`);
  return rows;
}

/** Makes a stage whose destinations nobody has used before; the name is different each time. */
export type StageMaker = (name: string) => Promise<Stage>;

function tell(what: string, trial: Trial): void {
  const runs = trial.map(({ seconds, exitCode }) => `${seconds.toFixed(2)} s, exit ${exitCode}`);
  console.error(`${what}: ${runs.join('; again ')}`);
}
