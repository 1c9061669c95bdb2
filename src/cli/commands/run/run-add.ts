import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addImages, type Additions } from '../../../workflows/add/add-images.ts';
import { browse } from '../../browse/browse.ts';
import type { RunOptions } from '../../flags/options/run-options.ts';
import type { NamedImage } from '../../../inventory/resolve-image.ts';
import { InputError } from '../../flags/usage-error.ts';
import { writeReportFile } from '../../output/report-file.ts';
import { resolveTarget } from '../../output/report-target.ts';
import { registriesOf } from '../../runtime/bound-registries.ts';
import { loadManifests } from '../../runtime/load-manifests.ts';
import type { ProcessContext } from '../command.ts';

/** A complete request to add images to the lists of thin manifests. */
export interface AddOptions extends RunOptions {
  readonly images: readonly NamedImage[];
  readonly directory: string;
  readonly project: string | undefined;
}

/** Adds images to thin manifests, from the options to the exit code. */
export function runAdd(options: AddOptions, context: ProcessContext): Promise<number> {
  return browse(options, context, async (browser) => {
    const { log, signal } = browser;
    const { directory, images, project } = options;
    const where = { kind: 'thin', directory } as const;
    const { manifests } = await loadManifests(where, { strict: true, log, stopping: signal });
    signal.throwIfAborted();
    const { registry } = await browser.open(registriesOf(manifests));
    const readImages = async (name: string) => {
      const file = `images/${name}/images.yaml`;
      const text = await readFile(join(directory, file), 'utf8');
      return { file, text: text.replace(BYTE_ORDER_MARK, '') };
    };
    const additions = await addImages({ images, manifests, project }, { registry, readImages }, signal);
    for (const refusal of additions.refusals) log.write('error', refusal);
    if (additions.refusals.length > 0) {
      log.write('error', 'nothing was written');
      return 1;
    }
    await writeLists(additions, directory);
    for (const note of additions.notes) log.write('info', note);
    if (additions.texts.size === 0) log.write('info', 'nothing to do: everything is there already');
    return 0;
  });
}

async function writeLists({ texts }: Additions, directory: string): Promise<void> {
  for (const [project, text] of texts) {
    const path = join(directory, 'images', project, 'images.yaml');
    const target = await resolveTarget(path);
    if (!('kind' in target) || target.kind !== 'file') throw new InputError(`${path} cannot be written`);
    const old = await readFile(path, 'utf8');
    const mark = old.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
    await writeReportFile(target, () => [mark + text]);
  }
}

const BYTE_ORDER_MARK = '\uFEFF';
