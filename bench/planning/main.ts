import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import type { Wanted } from '../../src/edges/wanted.ts';
import type { Digest } from '../../src/image/digest.ts';
import type { PromoterManifest } from '../../src/manifest/model.ts';
import { readManifests } from '../../src/manifest/read-manifests.ts';
import { startUniverse } from '../../test/doubles/universe-server.ts';
import { measureAudits } from './audit.ts';
import { lackingOf, multiply, onlyRelease } from './manifests.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import { type CipMeasured, runCip } from './run-cip.ts';
import { renderDryRun, renderParse } from './table.ts';
import { writeThin } from './write-thin.ts';

/** Measures what planning takes and prints Markdown on stdout. Gives the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const { manifests, counts } = await readManifests(
    { kind: 'thin', directory: options.directory },
    new AbortController().signal,
  );
  const place = await mkdtemp(join(tmpdir(), 'cip-bench-planning-'));
  try {
    console.log(`${counts.projects} projects, ${counts.digests} digests; Node ${process.version},`);
    console.log(`${cpus().length} CPUs shared with the server; median (least–most) of ${options.trials}.\n`);
    if (!options.audits) {
      await measureParsing(manifests, place, options);
      await measureDryRuns(manifests, place, options);
    }
    await measureAudits(manifests, place);
  } finally {
    await rm(place, { recursive: true });
  }
  return 0;
}

async function measureParsing(
  manifests: readonly PromoterManifest[],
  place: string,
  { directory, times, trials }: Options,
): Promise<void> {
  const large = join(place, 'large');
  await writeThin(large, multiply(manifests, times));
  const parse = async (where: string) => {
    const runs: CipMeasured[] = [];
    for (let trial = 0; trial < trials; trial++) {
      runs.push(await runCip(['-parse-only', `-thin-manifest-dir=${where}`], { place }));
    }
    return runs;
  };
  const [once, more] = [await parse(directory), await parse(large)];
  console.log(
    renderParse([
      ['as it is', once],
      [`${times} times the size`, more],
    ]),
  );
}

/** Above what this machine asks: the dry run then shows the program and not the quota. */
const NO_USER_QUOTA = ['-budget=user=100000'];

/** Of everything, all but the first digest of each project; and of one release that is at no destination yet. */
async function measureDryRuns(
  manifests: readonly PromoterManifest[],
  place: string,
  { directory, project, tag }: Options,
): Promise<void> {
  const all = expandEdges(manifests);
  const scoped = onlyRelease(manifests, { project, tag });
  const release = join(place, 'release');
  await writeThin(release, scoped);
  const universes = [
    { name: 'everything', where: directory, asked: all, lacking: lackingOf(manifests) },
    { name: `${project} ${tag}`, where: release, asked: expandEdges(scoped), lacking: digestsOf(scoped) },
  ];
  const rows = universes.flatMap(({ name, ...rest }) => [
    { name: `${name}, by default 5,000 requests a minute`, flags: [], ...rest },
    { name: `${name}, with ${NO_USER_QUOTA.join(' ')}`, flags: NO_USER_QUOTA, ...rest },
  ]);
  for (const { name, where, asked, lacking, flags } of rows) {
    const universe = await startUniverse(all, { lacking });
    try {
      // the universe has no content behind its digests, so nothing can be proven
      const fixed = [`-thin-manifest-dir=${where}`, '-no-service-account', '-prove=none'];
      const args = [...fixed, ...flags, ...universe.flags];
      const run = await runCip(args, { place, env: { HTTP_PROXY: universe.proxyUrl } });
      console.log(
        renderDryRun(name, run, { questions: universe.questions, missing: countMissing(asked, lacking) }),
      );
    } finally {
      await universe.close();
    }
  }
}

/** Images: the same digest in two source repositories counts twice. */
function countMissing({ repositories }: Wanted, lacking: ReadonlySet<Digest>): number {
  const wants = repositories.flatMap(({ list }) => list.wants.filter(({ digest }) => lacking.has(digest)));
  return new Set(wants.flatMap(({ digest, sources }) => sources.map((source) => `${source}@${digest}`))).size;
}

function digestsOf(manifests: readonly PromoterManifest[]): Set<Digest> {
  const entries = manifests.flatMap(({ images }) => images.flatMap(({ digests }) => digests));
  return new Set(entries.map(({ digest }) => digest));
}
