// A promotion from beginning to end, on two registries of its own: what `npm run quickstart` shows.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nearest, quote } from '../src/base/text.ts';
import { type EmbeddedRegistry, startEmbeddedRegistry } from '../src/embedded-registry/embedded-registry.ts';
import { helmChart, image, multiArch, push } from '../test/builders/images.ts';

const CIP = fileURLToPath(new URL('../bin/cip.js', import.meta.url));

const keep = readKeep(process.argv.slice(2));
const staging = await startEmbeddedRegistry();
const production = await startEmbeddedRegistry();
const directory = await mkdtemp(join(tmpdir(), 'cip-quickstart-'));
try {
  await tour();
  if (keep) await waitForInterrupt();
} finally {
  await Promise.all([staging.close(), production.close()]);
  await rm(directory, { recursive: true, force: true });
}

async function tour(): Promise<void> {
  say(`Two registries run in this process: staging ${staging.host} and production ${production.host}.`);
  const digests = fillStaging(staging);
  await writeManifests(digests);
  const place = keep ? directory : 'a temporary directory';
  say(`The manifests are in ${place}: five artifacts, each wanted in two destinations.`);

  say('1. A dry run, as a pull request would be checked: nothing is written.');
  await cip([]);
  say('2. The promotion. On the staging host blobs are mounted, to the other host they are copied.');
  await cip(['-confirm']);
  say('3. The same again: everything is there, so there is nothing to do.');
  await cip(['-confirm']);

  const tags = [staging, production].map((registry) => registry.store.tags('production/app').join(', '));
  say(`Tags of production/app by now: ${tags[0]} on staging's host, ${tags[1]} on the production host.`);
  say(`For your own registries: write manifests like those below, then

  npx cip -thin-manifest-dir=DIR -parse-only    # checks them without any network
  npx cip -thin-manifest-dir=DIR                # shows what would be done
  npx cip -thin-manifest-dir=DIR -confirm       # does it

  DIR/manifests/example/promoter-manifest.yaml     DIR/images/example/images.yaml
    registries:                                      - name: app
    - name: registry.example.com/staging               dmap:
      src: true                                          "sha256:…": ["v1.0.0", "latest-stable"]
    - name: registry.example.com/production              "sha256:…": []   # by digest alone
    - name: eu.example.com/production

Credentials come from docker's config.json (docker login). README.md tells the rest.`);
  if (!keep) say('These registries and manifests are gone now: npm run quickstart -- --keep keeps them.');
}

/** Whether the registries stay. Any other argument ends the process, with the nearest one that exists. */
function readKeep(args: readonly string[]): boolean {
  const given = args.find((argument) => argument !== '--keep');
  if (given === undefined) return args.length > 0;
  const meant = nearest(given, ['--keep']);
  const advice = meant === undefined ? 'the only flag is --keep' : `did you mean ${meant}?`;
  process.stderr.write(`quickstart: unexpected argument ${quote(given)}: ${advice}\n`);
  process.exit(2);
}

type Digests = ReturnType<typeof fillStaging>;

function fillStaging(registry: EmbeddedRegistry) {
  const app = image({ seed: 'single', layers: 3 });
  return {
    app: push(registry, 'staging/app', multiArch('app', { platforms: 3 }), 'v1.0.0'),
    legacy: push(registry, 'staging/legacy', multiArch('legacy', { platforms: 2, format: 'docker' }), '1.0'),
    tool: push(registry, 'staging/tool', app, 'v0.3.0'),
    nightly: push(registry, 'staging/tool', image({ seed: 'nightly' })),
    chart: push(registry, 'staging/charts/app', helmChart('app-chart'), '1.0.0'),
  };
}

async function writeManifests({ app, legacy, tool, nightly, chart }: Digests): Promise<void> {
  const manifests = join(directory, 'manifests', 'example');
  const images = join(directory, 'images', 'example');
  await Promise.all([mkdir(manifests, { recursive: true }), mkdir(images, { recursive: true })]);
  await writeFile(
    join(manifests, 'promoter-manifest.yaml'),
    `registries:
- name: ${staging.host}/staging
  src: true
- name: ${staging.host}/production
- name: ${production.host}/production
`,
  );
  await writeFile(
    join(images, 'images.yaml'),
    `- name: app # an OCI index of three platforms
  dmap:
    "${app}": ["v1.0.0", "v1.0"]
- name: legacy # a Docker manifest list
  dmap:
    "${legacy}": [1.0]
- name: tool # a single image, and one without a tag
  dmap:
    "${tool}": ["v0.3.0"]
    "${nightly}": []
- name: charts/app # a Helm chart
  dmap:
    "${chart}": ["1.0.0"]
`,
  );
}

/** Runs the real program, as a user would. */
async function cip(flags: readonly string[]): Promise<void> {
  const args = [`-thin-manifest-dir=${keep ? directory : '.'}`, ...flags];
  say(`$ cip ${args.join(' ')}`);
  const child = spawn(process.execPath, [CIP, ...args], { cwd: directory, stdio: 'inherit' });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (status !== 0) throw new Error(`cip ended with ${status}`);
}

async function waitForInterrupt(): Promise<void> {
  say(`The registries stay up until Ctrl-C. Play with them, for example:

  curl http://${production.host}/v2/production/app/tags/list
  npx cip -thin-manifest-dir=${directory}`);
  const alive = setInterval(() => {}, 60_000);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  clearInterval(alive);
}

function say(text: string): void {
  process.stdout.write(`\n${text}\n`);
}
