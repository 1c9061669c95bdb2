import { addImages } from '../../../workflows/add/add-images.ts';
import { browse } from '../../browse/browse.ts';
import type { RunOptions } from '../../flags/options/run-options.ts';
import type { NamedImage } from '../../../inventory/resolve-image.ts';
import { type ImageList, readImageList, writeImageList } from '../../output/image-lists.ts';
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
    const lists = new Map<string, ImageList>();
    const readImages = async (name: string) => {
      const list = lists.get(name) ?? (await readImageList(directory, name));
      lists.set(name, list);
      return list;
    };
    const additions = await addImages({ images, manifests, project }, { registry, readImages }, signal);
    for (const refusal of additions.refusals) log.write('error', refusal);
    if (additions.refusals.length > 0) {
      log.write('error', 'nothing was written');
      return 1;
    }
    for (const [name, text] of additions.texts) {
      await writeImageList(directory, { project: name, before: lists.get(name)?.text ?? '', text });
    }
    for (const note of additions.notes) log.write('info', note);
    if (additions.texts.size === 0) log.write('info', 'nothing to do: everything is there already');
    return 0;
  });
}
