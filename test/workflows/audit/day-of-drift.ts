import * as fc from 'fast-check';
import type { RegistryEvent } from '../../../src/auditor/events/registry-event.ts';
import type { EmbeddedRegistry } from '../../../src/embedded-registry/embedded-registry.ts';
import type { PromoterManifest } from '../../../src/manifest/model.ts';
import { artifact, type Content, image, index, multiArch, nestedIndex, push } from '../../builders/images.ts';
import { from } from '../../builders/manifests.ts';
import type { MemoryRegistry } from '../../doubles/memory-registry.ts';

const REPOSITORIES = ['app', 'group/app', 'group/tool'] as const;
const IMAGES = Array.from({ length: 4 }, (_, number) => [
  image({ seed: `image ${number}` }),
  multiArch(`multi ${number}`, { platforms: 2 }),
  nestedIndex(`nested ${number}`),
]).flat();

const WRITES = [
  'promote again',
  'add a tag',
  'tag a child',
  'move a tag',
  'push an untagged image',
  'push a tagged image',
  'sign an image',
  'sign a child',
  'refer to an image',
  'push a referrers index',
  'sign something that is gone',
  'delete a tag',
  'delete an image',
  'push a repository',
] as const;

export interface Write {
  readonly what: (typeof WRITES)[number];
  readonly repository: (typeof REPOSITORIES)[number];
  readonly image: number;
  /** How the registry reports a tag: with its digest, or as Quay does, alone. */
  readonly tagIsReported: 'with its digest' | 'alone';
}

/** The writes of a random day. */
export const day: fc.Arbitrary<readonly Write[]> = fc.array(
  fc.record({
    what: fc.constantFrom(...WRITES),
    repository: fc.constantFrom(...REPOSITORIES),
    image: fc.nat(IMAGES.length - 1),
    tagIsReported: fc.constantFrom('with its digest', 'alone'),
  }),
  { maxLength: 25 },
);

/** A change that the registry reports, and whether the manifests allow it. */
export interface Change {
  readonly event: RegistryEvent;
  readonly isAllowed: boolean;
}

interface Registries {
  /** Audited at the end of the day. */
  readonly embedded: EmbeddedRegistry;
  /** The same content, for the service. */
  readonly memory: MemoryRegistry;
  /** Whether the listing of the embedded registry has untagged manifests. */
  readonly showsUntagged: boolean;
}

interface Pushed {
  readonly tag?: string;
  /** What the manifests allow of it. */
  readonly allowed: 'all' | 'children alone' | 'nothing';
}

/** Writes to production; knows which changes are allowed, and what an audit has to find. */
export class Drift {
  readonly manifest: PromoterManifest;
  readonly #registries: Registries;
  readonly #truth = new Set<string>();
  /** Wanted images whose tag was moved or deleted: each once, so that the truth is simple. */
  readonly #touched = new Set<string>();
  #count = 0;

  /** Begins with every wanted image in staging and in production. */
  constructor(registries: Registries) {
    this.#registries = registries;
    for (const path of ['staging', 'prod'].flatMap((root) => REPOSITORIES.map((name) => `${root}/${name}`))) {
      for (const [number, content] of IMAGES.entries()) this.#store(path, content, `v${number}`);
    }
    const { host } = registries.embedded;
    const dmap = Object.fromEntries(IMAGES.map(({ manifest }, number) => [manifest.digest, [`v${number}`]]));
    this.manifest = from(`${host}/staging`)
      .to(`${host}/prod`)
      .promote(Object.fromEntries(REPOSITORIES.map((name) => [name, dmap])));
  }

  /** The findings of an audit, sorted. */
  get truth(): readonly string[] {
    return Array.from(this.#truth).toSorted();
  }

  /** Does a write, and gives the changes that the registry reports, in their order. */
  apply(write: Write): readonly Change[] {
    const { what, repository, image: number } = write;
    const wanted = IMAGES[number] ?? image({ seed: 'none' });
    const child = wanted.children[0] ?? wanted;
    const path = `prod/${repository}`;
    const at = `${this.#registries.embedded.host}/${path}`;
    this.#count += 1;
    const seed = `${this.#count}`;
    const foreign = this.#count % 2 === 0 ? image({ seed }) : multiArch(seed, { platforms: 2 });
    const isTouched = this.#touched.has(`${at} ${number}`);
    const pushed = (content: Content, how: Pushed) => this.#push(path, content, how, write);
    switch (what) {
      case 'promote again':
        return isTouched ? [] : pushed(wanted, { tag: `v${number}`, allowed: 'all' });
      case 'add a tag':
        if (isTouched) return [];
        this.#truth.add(`unknown-tag ${at}:added-${seed}`);
        return pushed(wanted, { tag: `added-${seed}`, allowed: 'children alone' });
      case 'tag a child':
        if (isTouched) return [];
        this.#truth.add(`unknown-tag ${at}:child-${seed}`);
        return pushed(child, { tag: `child-${seed}`, allowed: 'children alone' });
      case 'move a tag':
        if (isTouched) return [];
        this.#touched.add(`${at} ${number}`);
        this.#truth.add(`different ${at}:v${number}`);
        return pushed(foreign, { tag: `v${number}`, allowed: 'nothing' });
      case 'push an untagged image':
        if (this.#registries.showsUntagged)
          this.#truth.add(`unknown-digest ${at}@${foreign.manifest.digest}`);
        return pushed(foreign, { allowed: 'nothing' });
      case 'push a tagged image':
        this.#truth.add(`unknown-tag ${at}:foreign-${seed}`);
        return [
          ...pushed(foreign, { tag: `foreign-${seed}`, allowed: 'nothing' }),
          ...pushed(artifact(seed), { tag: tagFor(foreign, '.sig'), allowed: 'nothing' }),
        ];
      case 'sign an image':
        return pushed(artifact(seed), { tag: tagFor(wanted, '.sig'), allowed: 'all' });
      case 'sign a child':
        return pushed(artifact(seed), { tag: tagFor(child, '.att'), allowed: 'all' });
      case 'refer to an image': {
        const subject = this.#count % 2 === 0 ? wanted : child;
        return pushed(artifact(seed, { subject }), { allowed: 'all' });
      }
      case 'push a referrers index': {
        const referrers = index({ children: [artifact(seed, { subject: wanted })] });
        return pushed(referrers, { tag: tagFor(wanted), allowed: 'all' });
      }
      case 'sign something that is gone': {
        const tag = tagFor(foreign, '.sbom');
        this.#truth.add(`unknown-tag ${at}:${tag}`);
        return pushed(artifact(seed), { tag, allowed: 'nothing' });
      }
      case 'delete a tag':
        if (isTouched) return [];
        this.#touched.add(`${at} ${number}`);
        this.#truth.add(`missing ${at}:v${number}`);
        this.#registries.embedded.store.deleteTag(path, `v${number}`);
        return [deletion(at, { tag: `v${number}` })];
      case 'delete an image':
        if (isTouched) return [];
        this.#touched.add(`${at} ${number}`);
        this.#truth.add(`missing ${at}:v${number}`);
        return this.#deleteImage(path, wanted);
      case 'push a repository':
        this.#truth.add(`unknown-repository ${at}/stray-${seed}`);
        return this.#push(`${path}/stray-${seed}`, foreign, { tag: 'v1', allowed: 'nothing' }, write);
      default:
        return what satisfies never;
    }
  }

  /** Pushes the children first, as clients do; each manifest is reported. */
  #push(path: string, content: Content, { tag = '', allowed }: Pushed, write: Write): readonly Change[] {
    this.#store(path, content, ...(tag === '' ? [] : [tag]));
    const repository = `${this.#registries.embedded.host}/${path}`;
    const isAlone = tag !== '' && write.tagIsReported === 'alone';
    const name = isAlone ? { digest: '', lacksDigest: true as const } : { digest: content.manifest.digest };
    const below = descendantsOf(content).map(({ manifest: { digest } }) => ({
      event: insert(repository, { digest, tag: '' }),
      isAllowed: allowed !== 'nothing',
    }));
    return [...below, { event: insert(repository, { tag, ...name }), isAllowed: allowed === 'all' }];
  }

  #deleteImage(path: string, { manifest: { digest } }: Content): readonly Change[] {
    const { embedded, memory } = this.#registries;
    const at = `${embedded.host}/${path}`;
    const tags = embedded.store.tagsByDigest(path).get(digest) ?? [];
    for (const tag of tags) this.#truth.delete(`unknown-tag ${at}:${tag}`);
    embedded.store.deleteManifest(path, digest);
    memory.deleteManifest(at, digest);
    return [...tags.map((tag) => deletion(at, { tag })), deletion(at, { digest })];
  }

  #store(path: string, content: Content, ...tags: readonly string[]): void {
    const { embedded, memory } = this.#registries;
    push(embedded, path, content, ...tags);
    memory.push(`${embedded.host}/${path}`, content, ...tags);
  }
}

function tagFor({ manifest: { digest } }: Content, suffix = '') {
  return `${digest.replace(':', '-')}${suffix}`;
}

/** The deepest first. */
function descendantsOf({ children }: Content): readonly Content[] {
  return children.flatMap((child) => [...descendantsOf(child), child]);
}

function insert(
  repository: string,
  name: Pick<RegistryEvent, 'digest' | 'tag' | 'lacksDigest'>,
): RegistryEvent {
  return { action: 'insert', repository, isWholeRegistry: false, ...name };
}

/** No deletion is allowed. */
function deletion(repository: string, name: Partial<Pick<RegistryEvent, 'digest' | 'tag'>>): Change {
  const event = {
    action: 'delete' as const,
    repository,
    isWholeRegistry: false,
    digest: '',
    tag: '',
    ...name,
  };
  return { event, isAllowed: false };
}
