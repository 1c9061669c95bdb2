import { join, relative, sep } from 'node:path';
import { sortedBy } from '../../base/sorted.ts';
import { nearest, quote } from '../../base/text.ts';
import type { Problem } from '../model.ts';
import { sortProblems } from '../problem.ts';
import { type DirectoryEntry, type EntryKind, followLinks, listDirectory, type Target } from './disk.ts';
import type { LayoutIssue } from './layout-error.ts';

/** A file or directory of the manifest directory. */
export interface Place {
  /** Relative to the manifest directory, with slashes; empty for the directory itself. */
  readonly file: string;
  /** The real path, without links. */
  readonly path: string;
}

/** The kind of an entry after its links were followed. */
export type Resolved =
  | { readonly kind: EntryKind; readonly place: Place }
  /** A link that leads out of the directory, or to a hidden file: the author of a link may not be allowed to read its target. */
  | { readonly kind: 'outside'; readonly targetKind: EntryKind; readonly target: string }
  | { readonly kind: 'unusable'; readonly reason: string };

/** Limit of name comparisons: a directory with a thousand mistakes gets suggestions only for the first. */
const MAX_COMPARISONS = 20_000;

/** A manifest directory under inspection, and its faults so far. */
export class ThinDirectory {
  readonly #directory: string;
  readonly #root: string;
  readonly #issues: LayoutIssue[] = [];
  readonly #warnings: Problem[] = [];
  #comparisons = 0;

  /** `directory` is the path as the user typed it, `root` the real path. */
  constructor(directory: string, root: string) {
    this.#directory = directory;
    this.#root = root;
  }

  get root(): Place {
    return { file: '', path: this.#root };
  }

  get issues(): readonly LayoutIssue[] {
    return sortedBy(this.#issues, ({ path }) => path);
  }

  get warnings(): readonly Problem[] {
    return sortProblems(this.#warnings);
  }

  /** The path of an entry as the user would type it. */
  show(file: string): string {
    return join(this.#directory, file);
  }

  refuse(file: string, message: string): void {
    this.#issues.push({ path: this.show(file), message });
  }

  warn(file: string, message: string, rule: Problem['rule'] = 'layout'): void {
    const at = { file, line: 1, column: 1 };
    this.#warnings.push({ severity: 'warning', rule, message, at, frame: '' });
  }

  /** The most similar name; undefined once there were too many comparisons. */
  nearest(name: string, candidates: readonly string[] | ReadonlySet<string>): string | undefined {
    this.#comparisons += 'size' in candidates ? candidates.size : candidates.length;
    return this.#comparisons > MAX_COMPARISONS ? undefined : nearest(name, candidates);
  }

  /** The entries of a directory. A directory that cannot be read is refused, and has none. */
  async entriesOf(place: Place): Promise<readonly DirectoryEntry[]> {
    return (await this.listOf(place)) ?? [];
  }

  /** The same, but undefined for a directory that cannot be read. */
  async listOf({ file, path }: Place): Promise<readonly DirectoryEntry[] | undefined> {
    const entries = await listDirectory(path);
    if (entries.kind === 'ok') return entries.value;
    const reason = entries.kind === 'unreadable' ? entries.reason : entries.kind;
    this.refuse(file, `directory ${quote(this.show(file))} cannot be read: ${reason}: check its permissions`);
    return undefined;
  }

  async resolve(entry: DirectoryEntry, parent: Place): Promise<Resolved> {
    const file = childOf(parent.file, entry.name);
    const path = join(parent.path, entry.name);
    if (entry.kind !== 'link') return { kind: entry.kind, place: { file, path } };
    const target = await followLinks(path);
    if (target.kind === 'missing')
      return { kind: 'unusable', reason: 'the target of the link does not exist' };
    if (target.kind !== 'ok') {
      return { kind: 'unusable', reason: target.kind === 'unreadable' ? target.reason : target.kind };
    }
    if (!this.#offers(target.value)) {
      return { kind: 'outside', targetKind: target.value.kind, target: target.value.path };
    }
    return { kind: target.value.kind, place: { file, path: target.value.path } };
  }

  refuseOutside(file: string, target: string): void {
    const where = this.#holds(target)
      ? `to ${quote(target)}, which is hidden or no .yaml file`
      : `out of the manifest directory, to ${quote(target)}`;
    this.refuse(file, `link ${quote(this.show(file))} leads ${where}: put the file itself there`);
  }

  #holds(path: string): boolean {
    const way = relative(this.#root, path);
    return way !== '..' && !way.startsWith(`..${sep}`);
  }

  /** A checkout may hold credentials, in `.git` or beside the manifests, and problems quote lines of the files. */
  #offers({ kind, path }: Target): boolean {
    if (!this.#holds(path)) return false;
    if (kind === 'file' && !/\.ya?ml$/.test(path)) return false;
    const names = relative(this.#root, path).split(sep);
    return !names.some((name) => /^\.[^.]/.test(name)); // Kubernetes mounts files by way of `..data`
  }
}

export function childOf(file: string, name: string): string {
  return file === '' ? name : `${file}/${name}`;
}
