// Writes the code cache of a build: the functions that V8 compiled in two promotions, within a registry and to another.
//
//   node --hash-seed=1 --no-flush-bytecode code-cache.js DIRECTORY
//
// With these flags, two builds of the same sources write the same bytes.
import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { loadProgram, writeCodeCache } from '../bin/start.js';
import { type EmbeddedRegistry, startEmbeddedRegistry } from '../src/embedded-registry/embedded-registry.ts';
import { image, multiArch, push } from '../test/builders/images.ts';

const directory = resolve(process.argv[2] ?? '');
const program = loadProgram(directory);
const staging = await startEmbeddedRegistry();
const production = await startEmbeddedRegistry();
const images = fillStaging(staging);
for (const { host } of [staging, production]) await promote(`${host}/production`);
await Promise.all([staging.close(), production.close()]);

// V8 rejects a cache that was written under other flags: these are the defaults of a start
for (const flag of ['--hash-seed=0', '--flush-bytecode']) setFlagsFromString(flag);
writeCodeCache(directory, program);

/** Pushes an image and an index, and returns the `images` of a manifest for them. */
function fillStaging(registry: EmbeddedRegistry): string {
  const app = push(registry, 'staging/app', multiArch('app'));
  const tool = push(registry, 'staging/tool', image({ seed: 'tool' }));
  return `images:
- name: app
  dmap: { "${app}": ["v1.0.0", "v1.0"] }
- name: tool
  dmap: { "${tool}": ["v1.0.0"] }
`;
}

async function promote(destination: string): Promise<void> {
  const manifest = join(directory, 'manifest.yaml');
  const registries = `registries: [{ name: ${staging.host}/staging, src: true }, { name: ${destination} }]\n`;
  await writeFile(manifest, registries + images);
  const status = await program.main('cip', [`-manifest=${manifest}`, '-confirm']);
  if (status !== 0) throw new Error(`promotion to ${destination}: exit code ${status}`);
  await rm(manifest);
}
