import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Corpus } from '../../test/builders/corpus.ts';
import type { RealRegistry } from '../../test/doubles/real-registries.ts';
import { findTool, type ToolName } from '../../test/doubles/tools.ts';
import type { SigstoreStack } from '../../test/system/sigstore/stack.ts';
import type { Command } from '../measure.ts';
import { runCip } from '../planning/run-cip.ts';

export interface World {
  readonly images: Corpus['images'];
  readonly registry: RealRegistry;
  readonly stack: SigstoreStack;
  /** A directory for files. */
  readonly place: string;
}

/** A promoted copy of all images, without signatures. */
export interface Destination {
  /** Of each index: `repository@digest`. */
  readonly references: readonly string[];
  /** Of the promotion. */
  readonly flags: readonly string[];
}

let destinations = 0;

/** Promotes all images to another destination, without signatures. */
export async function promoteAll({ images, registry, place }: World): Promise<Destination> {
  const destination = `${registry.host}/prod-${++destinations}`;
  const manifest = join(place, `manifest-${destinations}.yaml`);
  const entries = images.map(
    ({ repository, tag, index }) => `- name: ${repository}\n  dmap:\n    "${index.digest}": ["${tag}"]\n`,
  );
  const registries = `registries:\n- name: ${registry.host}/staging\n  src: true\n- name: ${destination}\n`;
  await writeFile(manifest, `${registries}images:\n${entries.join('')}`);
  const flags = [`-manifest=${manifest}`, '-confirm'];
  const run = await runCip(flags, { place });
  if (run.exitCode !== 0) throw new Error(`the promotion: exit ${run.exitCode}: ${run.output}`);
  const references = images.map(({ repository, index }) => `${destination}/${repository}@${index.digest}`);
  return { references, flags };
}

/** The promotion again: all images exist, and signatures are missing. */
export function cip({ flags }: Destination, more: readonly string[], world: World): Command {
  const { stack, place } = world;
  const trustedRoot = `-trusted-root=${stack.trustedRoot}`;
  const args = ['bin/cip.js', ...flags, `-identity-token=${tokenOf(world)}`, trustedRoot, ...more];
  return { program: process.execPath, args, env: { HOME: place } };
}

/** Writes tags `.sig`. One process signs all images. */
export function cosign2({ references }: Destination, world: World): Command {
  const { stack } = world;
  const args = ['sign', '-r', ...cosignOptions(world), '--insecure-skip-verify'];
  const services = [`--fulcio-url=${stack.fulcioUrl}`, `--rekor-url=${stack.rekorV1Url}`];
  return cosign('cosign-v2', [...args, ...services, ...references], world);
}

/** Writes bundles. One process signs or attests all images. `cosign attest` has no `-r`: it attests the indexes alone. */
export function cosign3({ references }: Destination, verb: readonly string[], world: World): Command {
  const { signingConfig, trustedRoot } = world.stack;
  const services = [`--signing-config=${signingConfig}`, `--trusted-root=${trustedRoot}`];
  return cosign('cosign', [...verb, ...cosignOptions(world), ...services, ...references], world);
}

function cosignOptions(world: World): readonly string[] {
  return ['--yes', '--allow-http-registry', '--timeout=30m', `--identity-token=${tokenOf(world)}`];
}

function cosign(tool: ToolName, args: readonly string[], { stack, place }: World): Command {
  const env = {
    HOME: place,
    SIGSTORE_ROOT_FILE: stack.fulcioChain,
    SIGSTORE_REKOR_PUBLIC_KEY: stack.rekorV1Key,
  };
  return { program: findTool(tool) ?? tool, args, env };
}

/** The file of the token of the signer. */
export function tokenOf({ place }: Pick<World, 'place'>): string {
  return join(place, 'token');
}
