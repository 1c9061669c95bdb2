import { formatReference } from '../../image/reference.ts';
import { type NamedImage, resolveImage } from '../../inventory/resolve-image.ts';
import { editImages } from '../../manifest/edit/edit-images.ts';
import type { PromoterManifest } from '../../manifest/model.ts';
import type { ReadRegistry } from '../../ports/registry.ts';
import { chooseProject } from './choose-project.ts';

export interface AddRequest {
  readonly images: readonly NamedImage[];
  readonly manifests: readonly PromoterManifest[];
  /** The project that the images belong to. Undefined: the one whose source registry holds them. */
  readonly project: string | undefined;
}

export interface AddPorts {
  readonly registry: ReadRegistry;
  /** The text of the list of images of a project. */
  readonly readImages: (project: string) => Promise<{ readonly file: string; readonly text: string }>;
}

/** The new lists of images. Nothing is written if one addition is refused. */
export interface Additions {
  readonly refusals: readonly string[];
  /** The new texts, by project. */
  readonly texts: ReadonlyMap<string, string>;
  /** For people, in the order of the request. */
  readonly notes: readonly string[];
}

/** Resolves images at their source, and adds them to the lists of images of their projects. */
export async function addImages(
  { images, manifests, project: named }: AddRequest,
  { registry, readImages }: AddPorts,
  signal: AbortSignal,
): Promise<Additions> {
  const refusals: string[] = [];
  const notes: string[] = [];
  const texts = new Map<string, string>();
  for (const image of images) {
    // one after the other: two may go into one list
    const chosen = chooseProject(image.repository, manifests, named);
    if ('refusal' in chosen) {
      refusals.push(chosen.refusal);
      continue;
    }
    const resolved = await resolveImage(image, registry, signal);
    if (resolved.kind === 'unresolved') {
      refusals.push(resolved.reason);
      continue;
    }
    const { project, name } = chosen;
    const { digest } = resolved;
    const { tag } = image;
    const list = await readImages(project);
    const edit = editImages({ file: list.file, text: texts.get(project) ?? list.text }, [
      { name, digest, tag },
    ]);
    const described = `${formatReference(image.repository, tag ?? digest)}${tag === undefined ? '' : ` (${digest})`}`;
    if (edit.kind === 'refused') refusals.push(...edit.reasons);
    else if (edit.kind === 'unchanged') notes.push(`already there: ${described} in ${list.file}`);
    else {
      texts.set(project, edit.text);
      notes.push(`added: ${described} to ${list.file}`);
    }
  }
  return { refusals, texts, notes };
}
