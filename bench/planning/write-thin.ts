import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { PromoterManifest } from '../../src/manifest/model.ts';

/** Writes a thin manifest directory: a project for each manifest, named as the directory of its file. */
export async function writeThin(directory: string, manifests: readonly PromoterManifest[]): Promise<void> {
  for (const manifest of manifests) {
    const project = basename(dirname(manifest.file));
    await write(join(directory, 'manifests', project, 'promoter-manifest.yaml'), registriesOf(manifest));
    await write(join(directory, 'images', project, 'images.yaml'), imagesOf(manifest));
  }
}

/** Writes a file, and makes the directories that it is in. */
export async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

function registriesOf({ source, destinations }: PromoterManifest): string {
  const lines = destinations.flatMap(({ name, serviceAccount }) => [
    `- name: ${name}`,
    ...(serviceAccount === undefined ? [] : [`  service-account: ${serviceAccount}`]),
  ]);
  return ['registries:', `- name: ${source.name}`, '  src: true', ...lines, ''].join('\n');
}

function imagesOf({ images }: PromoterManifest): string {
  const lines = images.flatMap(({ name, digests }) => [
    `- name: ${name}`,
    '  dmap:',
    ...digests.map(({ digest, tags }) => `    "${digest}": ${JSON.stringify(tags.map(({ tag }) => tag))}`),
  ]);
  return [...lines, ''].join('\n');
}
