import { onTestFinished } from 'vitest';
import {
  type EmbeddedRegistry,
  type EmbeddedRegistryOptions,
  startEmbeddedRegistry,
} from '../../src/embedded-registry/embedded-registry.ts';
import { testdir } from '../builders/testdir.ts';

/** Tags by digest. */
export type Dmap = Readonly<Record<string, readonly string[]>>;

export interface PlainManifest {
  readonly from: string;
  readonly to: readonly string[];
  readonly images: Readonly<Record<string, Dmap>>;
}

/** An embedded registry for the running test. */
export async function embedded(options: EmbeddedRegistryOptions = {}): Promise<EmbeddedRegistry> {
  const registry = await startEmbeddedRegistry(options);
  onTestFinished(() => registry.close());
  return registry;
}

/** The text of a plain manifest. */
export function plainManifest({ from, to, images }: PlainManifest): string {
  return `${registriesOf(from, to)}images:\n${imagesOf(images)}`;
}

/** The registries of a thin manifest, or of a plain one. */
export function registriesOf(from: string, to: readonly string[]): string {
  return [
    `registries:`,
    `- name: "${from}"`,
    '  src: true',
    ...to.map((name) => `- name: "${name}"`),
    '',
  ].join('\n');
}

/** The list of images of a thin manifest, or of a plain one. */
export function imagesOf(images: PlainManifest['images']): string {
  const lines = Object.entries(images).flatMap(([name, dmap]) => [
    `- name: ${name}`,
    '  dmap:',
    ...Object.entries(dmap).map(([digest, tags]) => `    "${digest}": ${JSON.stringify(tags)}`),
  ]);
  return `${lines.join('\n')}\n`;
}

/** A directory with one plain manifest for the running test; resolves to the flag that names it. */
export async function manifestFlag(manifest: PlainManifest | string): Promise<string> {
  const text = typeof manifest === 'string' ? manifest : plainManifest(manifest);
  const directory = await testdir({ 'manifest.yaml': text });
  return `-manifest=${directory}/manifest.yaml`;
}

/** Requests that could change a registry. */
export function writesOf(registry: EmbeddedRegistry): string[] {
  return registry.requests
    .filter(({ method }) => !['GET', 'HEAD'].includes(method))
    .map(({ method, path }) => `${method} ${path}`);
}

/** How often each kind of request came. */
export function countKinds(...registries: readonly EmbeddedRegistry[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of registries.flatMap(({ requests }) => requests))
    counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** The files of a thin manifest directory with these projects. */
export function thinFiles(projects: Readonly<Record<string, PlainManifest>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(projects).flatMap(([name, { from, to, images }]) => [
      [`manifests/${name}/promoter-manifest.yaml`, registriesOf(from, to)],
      [`images/${name}/images.yaml`, imagesOf(images)],
    ]),
  );
}

/** A host that refuses connections: nothing listens on port 1, and the system never assigns it. */
export const CLOSED_HOST = '127.0.0.1:1';
