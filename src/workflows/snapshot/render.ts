import { assertNever } from '../../base/errors.ts';
import { renderDmapEntry, renderImageLines } from '../../manifest/edit/render-entry.ts';
import type { SnapshotDigest, SnapshotImage } from '../../image/snapshot-image.ts';

export type SnapshotFormat = 'yaml' | 'csv' | 'json';

export const SNAPSHOT_FORMATS: readonly SnapshotFormat[] = ['yaml', 'csv', 'json'];

/**
 * The text of a snapshot, image by image. YAML and CSV are byte for byte those of the original `cip`, except for an image
 * named `null`, which the original could not read again. JSON is the same list of images, so it is a valid list of
 * images for a thin manifest too. `trailer` follows the last image.
 */
export async function* renderSnapshot(
  images: AsyncIterable<SnapshotImage>,
  { format, trailer = '' }: { readonly format: SnapshotFormat; readonly trailer?: string },
): AsyncGenerator<string, void, undefined> {
  if (format === 'json') yield* renderJson(images);
  else for await (const image of images) yield renderImage(image, format);
  yield trailer;
}

function renderImage({ name, digests }: SnapshotImage, format: 'yaml' | 'csv'): string {
  switch (format) {
    case 'yaml':
      return `${renderImageLines(name, digests).join('\n')}\n`;
    case 'csv':
      return digests.map((entry) => csvLines(name, entry)).join('');
    default:
      return assertNever(format);
  }
}

function csvLines(name: string, { digest, tags }: SnapshotDigest): string {
  if (tags.length === 0) return `${name}@${digest},-\n`;
  return tags.map((tag) => `${name}@${digest},${name}:${tag}\n`).join('');
}

async function* renderJson(images: AsyncIterable<SnapshotImage>): AsyncGenerator<string, void, undefined> {
  let separator = '[\n';
  for await (const { name, digests } of images) {
    const entries = digests.map((entry) => `      ${renderDmapEntry(entry)}`).join(',\n');
    yield `${separator}  {\n    "name": "${name}",\n    "dmap": {\n${entries}\n    }\n  }`;
    separator = ',\n';
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n';
}
