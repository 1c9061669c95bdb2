import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { expandEdges } from '../../src/edges/expand-edges.ts';
import { readManifests } from '../../src/manifest/read-manifests.ts';
import { startUniverse } from '../../test/doubles/universe-server.ts';
import { type CipMeasured, runCip } from '../planning/run-cip.ts';
import { write } from '../planning/write-thin.ts';
import { renderMarkdown, spread } from '../table.ts';
import { numberedDigest, startBlobServer, startTagServer } from './scale-server.ts';

/** Measures one point of a scale: a run of the program on something of this size. */
type Measure = (size: number, place: string) => Promise<CipMeasured>;

const MB = 1e6;

const SCALES: Readonly<Record<string, { title: string; sizes: readonly number[]; measure: Measure }>> = {
  edges: { title: 'edges × 120,000 (`-parse-only`)', sizes: [1, 3, 10, 30], measure: measureEdges },
  lists: { title: 'MB of a list (`-parse-only`)', sizes: [5, 12.5, 25, 50], measure: measureList },
  destinations: { title: 'destinations (dry run, 3,000 tags)', sizes: [1, 4, 16, 44], measure: measureHosts },
  tags: {
    title: 'tags in a repository (dry run)',
    sizes: [100, 1000, 10_000, 100_000],
    measure: measureTags,
  },
  blobs: { title: 'MB of a layer (promotion)', sizes: [1, 16, 256, 2147], measure: measureBlob },
};

const USAGE = `usage: npm run bench:scale -- [options] [${Object.keys(SCALES).join(' | ')}]...

  --trials N   how often each size is measured (default 3)
`;

/** Measures how time and memory grow and prints Markdown on stdout. Gives the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { help: { type: 'boolean', default: false }, trials: { type: 'string', default: '3' } },
  });
  const names = positionals.length === 0 ? Object.keys(SCALES) : positionals;
  const trials = Number(values.trials);
  if (values.help || !(trials >= 1) || names.some((name) => SCALES[name] === undefined)) {
    (values.help ? console.log : console.error)(USAGE);
    return values.help ? 0 : 2;
  }
  const place = await mkdtemp(join(tmpdir(), 'cip-bench-scale-'));
  try {
    for (const scale of names.map((name) => SCALES[name])) {
      if (scale !== undefined) console.log(`${await tableOf(scale, { place, trials })}\n`);
    }
  } finally {
    await rm(place, { recursive: true });
  }
  return 0;
}

async function tableOf(
  { title, sizes, measure }: (typeof SCALES)[string],
  { place, trials }: { readonly place: string; readonly trials: number },
): Promise<string> {
  const rows: string[][] = [];
  let before: { size: number; cpu: number; peak: number } | undefined;
  for (const size of sizes) {
    const runs: CipMeasured[] = [];
    for (let trial = 0; trial < trials; trial++) {
      const run = await measure(size, place);
      if (run.exitCode !== 0) throw new Error(`${title}: ${size}: exit ${run.exitCode}: ${run.output}`);
      runs.push(run);
    }
    const cpu = median(runs.map(({ cpuSeconds }) => cpuSeconds));
    const peak = median(runs.map(({ peakBytes }) => peakBytes));
    const exponent = (now: number, then: number) =>
      before === undefined ? '' : (Math.log(now / then) / Math.log(size / before.size)).toFixed(2);
    rows.push([
      size.toLocaleString('en'),
      seconds(runs.map((run) => run.seconds)),
      seconds(runs.map(({ cpuSeconds }) => cpuSeconds)),
      exponent(cpu, before?.cpu ?? cpu),
      spread(
        runs.map(({ peakBytes }) => peakBytes),
        (bytes) => (bytes / MB).toFixed(0),
      ),
      exponent(peak, before?.peak ?? peak),
    ]);
    before = { size, cpu, peak };
  }
  return renderMarkdown([title, 'wall s', 'CPU s', 'exponent', 'peak MB', 'exponent'], rows);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? Number.NaN;
}

function seconds(values: readonly number[]): string {
  return spread(values, (value) => value.toFixed(2));
}

async function measureEdges(times: number, place: string): Promise<CipMeasured> {
  const to = Array.from({ length: 22 }, (_, host) => `region${host}.example/prod`);
  const file = await writeManifest(place, {
    from: 'source.example/staging',
    to,
    images: 20 * times,
    tags: 270,
  });
  return runCip(['-parse-only', `-manifest=${file}`], { place });
}

/** A thin directory with one list, of 24 digests for each image and one tag for each digest, as most of Kubernetes is. */
async function measureList(megabytes: number, place: string): Promise<CipMeasured> {
  const to = Array.from({ length: 4 }, (_, host) => `region${host}.example/prod`);
  const lineOf = (number: number) => `    "${numberedDigest(number)}": ["v1.${number % 24}"]\n`;
  const images: string[] = [];
  for (let size = 0; size < megabytes * MB; size += images.at(-1)?.length ?? 0) {
    const first = images.length * 24;
    const lines = Array.from({ length: 24 }, (_, index) => lineOf(first + index));
    images.push(`- name: app-${images.length}\n  dmap:\n${lines.join('')}`);
  }
  const directory = join(place, 'thin');
  await write(
    join(directory, 'manifests/app/promoter-manifest.yaml'),
    registriesOf('source.example/staging', to),
  );
  await write(join(directory, 'images/app/images.yaml'), images.join(''));
  return runCip(['-parse-only', `-thin-manifest-dir=${directory}`], { place });
}

async function measureHosts(destinations: number, place: string): Promise<CipMeasured> {
  const to = Array.from({ length: destinations }, (_, host) => `region${host}-docker.pkg.dev/prod/images`);
  const file = await writeManifest(place, { from: 'gcr.io/staging', to, images: 30, tags: 100 });
  const { manifests } = await readManifests({ kind: 'plain', file }, new AbortController().signal);
  const universe = await startUniverse(expandEdges(manifests));
  try {
    const args = [`-manifest=${file}`, '-prove=none', '-budget=user=100000', ...universe.flags];
    return await runCip(args, { place, env: { HTTP_PROXY: universe.proxyUrl } });
  } finally {
    await universe.close();
  }
}

async function measureTags(tags: number, place: string): Promise<CipMeasured> {
  const { host, close } = await startTagServer(tags);
  try {
    const file = await writeManifest(place, {
      from: `${host}/staging`,
      to: [`${host}/prod`],
      images: 1,
      tags,
    });
    return await runCip([`-manifest=${file}`, '-prove=none'], { place });
  } finally {
    close();
  }
}

async function measureBlob(megabytes: number, place: string): Promise<CipMeasured> {
  const { host, digest, close } = await startBlobServer(megabytes * MB);
  try {
    const file = join(place, 'manifest.yaml');
    const images = `images:\n- name: app\n  dmap:\n    "${digest}": ["v1"]\n`;
    await writeFile(file, `${registriesOf(`${host}/staging`, [`${host}/prod`])}${images}`);
    return await runCip([`-manifest=${file}`, '-confirm'], { place });
  } finally {
    close();
  }
}

interface Shape {
  readonly from: string;
  readonly to: readonly string[];
  readonly images: number;
  /** Of each image; each is the only one of its digest. */
  readonly tags: number;
}

async function writeManifest(place: string, { from, to, images, tags }: Shape): Promise<string> {
  const file = join(place, 'manifest.yaml');
  const lines = Array.from({ length: images }, (_, image) => [
    `- name: app-${image}`,
    '  dmap:',
    ...Array.from({ length: tags }, (_, tag) => `    "${numberedDigest(image * tags + tag)}": ["v${tag}"]`),
  ]);
  await writeFile(file, `${registriesOf(from, to)}images:\n${lines.flat().join('\n')}\n`);
  return file;
}

function registriesOf(from: string, to: readonly string[]): string {
  return `registries:\n- name: ${from}\n  src: true\n${to.map((name) => `- name: ${name}\n`).join('')}`;
}
