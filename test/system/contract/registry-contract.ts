import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import type { Repository } from '../../../src/image/repository.ts';
import type { WriteRegistry } from '../../../src/ports/registry.ts';
import type { RegistryErrorCode } from '../../../src/ports/registry-error.ts';
import { quiet, readAll, registryErrorOf, repositoryAt, tagOf } from '../../adapters/oci/client.ts';
import {
  artifact,
  type Content,
  foreignLayerImage,
  image,
  index,
  layer,
  manifestsOf,
  multiArch,
  nestedIndex,
} from '../../builders/images.ts';
import { describeBlob, pushThroughPort, uploadBlob } from './push-through-port.ts';

/** Where registries differ by nature. What is not named here is the same for all of them. */
export interface Capabilities {
  /** How `list` sees a repository that does not exist. */
  readonly absentRepository: 'missing' | 'empty';
  /** How `list` sees a repository whose manifests have no tags. */
  readonly untagged: 'missing' | 'empty';
  readonly listing: 'tags' | 'digests';
  /** Pages that 9 tags take. */
  readonly pagesOfNineTags: number;
  /** True where a blob of another repository can be mounted. */
  readonly mounts: boolean;
  /** `host`: a blob is to be seen from every repository. */
  readonly blobs: 'repository' | 'host';
  /** What becomes of a manifest whose blob is missing. */
  readonly missingBlob: RegistryErrorCode | 'taken';
  /** What becomes of an index whose child is missing. */
  readonly missingChild: RegistryErrorCode | 'taken';
  /** What becomes of a manifest with a layer that lies elsewhere, at its `urls`. */
  readonly foreignLayer: RegistryErrorCode | 'taken';
  /** What becomes of a manifest under a digest that is not its own. */
  readonly wrongDigest: RegistryErrorCode | 'taken';
}

/** A registry, running, and a client for it. */
export interface Subject {
  readonly registry: WriteRegistry;
  readonly host: string;
  stop(): Promise<void>;
}

const SMALL = layer('small', 2000);
/** More than is read at once. */
const LARGE = layer('large', 3 * 512 * 1024 + 17);
const EMPTY = layer('empty', 0);
const ABSENT = digestOf(Buffer.from('nobody has this'));

/** What `WriteRegistry` promises, tried on one registry. */
export function describeRegistry(
  name: string,
  { start, capabilities }: { readonly start: () => Promise<Subject>; readonly capabilities: Capabilities },
): void {
  describe(`the registry port on ${name}`, () => {
    let subject: Subject;
    let registry: WriteRegistry;
    const signal = quiet();
    const repository = (path: string): Repository => repositoryAt(subject, path);
    beforeAll(async () => {
      subject = await start();
      ({ registry } = subject);
    });
    afterAll(() => subject?.stop());

    async function holding(path: string, content: Content, ...tags: string[]): Promise<Repository> {
      const place = repository(path);
      await pushThroughPort(registry, place, { content, tags: tags.map(tagOf) });
      return place;
    }

    describe('resolve', () => {
      it('gives the digest that a tag or a digest stands for', async () => {
        const content = multiArch('resolve');
        const place = await holding('resolve/there', content, 'v1', 'V1.0_x-y');
        for (const reference of [tagOf('v1'), tagOf('V1.0_x-y'), content.manifest.digest]) {
          expect(await registry.resolve(place, reference, signal)).toBe(content.manifest.digest);
        }
      });

      it('gives nothing for what is absent', async () => {
        const place = await holding('resolve/absent', image({ seed: 'resolve absent' }), 'v1');
        for (const [where, reference] of [
          [place, tagOf('v2')],
          [place, ABSENT],
          [repository('resolve/nowhere'), tagOf('v1')],
          [repository('resolve/nowhere'), ABSENT],
        ] as const) {
          expect(await registry.resolve(where, reference, signal)).toBeUndefined();
        }
      });
    });

    describe('fetchManifest', () => {
      it.each([
        ['an image', image({ seed: 'fetch' })],
        ['an image of Docker', image({ seed: 'fetch docker', format: 'docker' })],
        ['an index', multiArch('fetch')],
        ['a list of Docker', multiArch('fetch docker', { format: 'docker' })],
        ['an index of an index', nestedIndex('fetch')],
        ['an artifact', artifact('fetch')],
      ] as const)('gives the very bytes of %s and of all below it', async (what, content) => {
        const place = await holding(`fetch/${what.replaceAll(' ', '-').toLowerCase()}`, content, 'v1');
        for (const { digest, mediaType, bytes } of manifestsOf(content)) {
          const manifest = await registry.fetchManifest(place, digest, signal);
          expect(manifest).toMatchObject({ digest, mediaType });
          expect(Buffer.compare(manifest?.bytes ?? Buffer.alloc(0), bytes)).toBe(0);
        }
      });

      it('gives nothing for what is absent', async () => {
        const place = await holding('fetch/absent', image({ seed: 'fetch absent' }));
        expect(await registry.fetchManifest(place, ABSENT, signal)).toBeUndefined();
        expect(await registry.fetchManifest(repository('fetch/nowhere'), ABSENT, signal)).toBeUndefined();
      });
    });

    describe('list', () => {
      it(`sees a repository that does not exist as ${capabilities.absentRepository}`, async () => {
        const listing = await registry.list(repository('list/nowhere'), signal);
        checkEmpty(listing, capabilities.absentRepository);
      });

      it(`sees a repository without tags as ${capabilities.untagged}`, async () => {
        const content = image({ seed: 'untagged' });
        const place = await holding('list/untagged', content);
        const listing = await registry.list(place, signal);
        if (listing.kind === 'digests')
          expect([...listing.manifests]).toEqual([[content.manifest.digest, []]]);
        else checkEmpty(listing, capabilities.untagged);
      });

      it('gives every tag of every page', async () => {
        const one = image({ seed: 'list one' });
        const two = image({ seed: 'list two' });
        const tags = ['v1', 'v2', 'v3', 'v4', 'v5', 'latest', 'V1', 'v1.0.0-rc.1_x'];
        const place = await holding('list/many', one, ...tags);
        await holding('list/many', two, 'other');
        const listing = await registry.list(place, signal);
        if (listing.kind === 'missing') throw new Error('the repository is missing');
        expect(listing.kind).toBe(capabilities.listing);
        expect([...listing.tags.keys()].toSorted()).toEqual([...tags, 'other'].toSorted());
        if (listing.kind === 'tags') expect(listing.requests).toBe(capabilities.pagesOfNineTags);
        else {
          expect(listing.manifests.get(one.manifest.digest)?.toSorted()).toEqual(tags.toSorted());
          expect(listing.tags.get(tagOf('other'))).toBe(two.manifest.digest);
        }
      });

      it('keeps repositories apart that are nested in each other', async () => {
        const outer = await holding('nested', image({ seed: 'outer' }), 'outer');
        const inner = await holding('nested/inner', image({ seed: 'inner' }), 'inner');
        for (const [place, tag] of [
          [outer, 'outer'],
          [inner, 'inner'],
        ] as const) {
          const listing = await registry.list(place, signal);
          expect(listing.kind === 'missing' ? [] : [...listing.tags.keys()]).toEqual([tag]);
        }
      });
    });

    describe('blobs', () => {
      it.each([
        ['small', SMALL],
        ['large', LARGE],
        ['empty', EMPTY],
      ])('gives back a %s one', async (size, blob) => {
        const place = repository(`blobs/${size}`);
        expect(await registry.hasBlob(place, blob.digest, signal)).toBe(false);
        await uploadBlob(registry, place, { blob });
        expect(await registry.hasBlob(place, blob.digest, signal)).toBe(true);
        const body = await registry.openBlob(place, describeBlob(blob), signal);
        expect((await readAll(body)).equals(blob.bytes)).toBe(true);
        expect(body instanceof Uint8Array).toBe(blob !== LARGE);
      });

      it('takes one as a stream', async () => {
        const place = repository('blobs/streamed');
        await uploadBlob(registry, place, { blob: LARGE, open: () => pieces(LARGE.bytes) });
        const body = await registry.openBlob(place, describeBlob(LARGE), signal);
        expect((await readAll(body)).equals(LARGE.bytes)).toBe(true);
      });

      it('takes the same one again, also at the same time', async () => {
        const place = repository('blobs/again');
        await Promise.all([1, 2, 3].map(() => uploadBlob(registry, place, { blob: SMALL })));
        expect(await registry.hasBlob(place, SMALL.digest, signal)).toBe(true);
      });

      it('refuses to open one that is absent', async () => {
        const blob = { ...describeBlob(SMALL), digest: ABSENT };
        const error = await registryErrorOf(registry.openBlob(repository('blobs/small'), blob, signal));
        expect(error).toMatchObject({ status: 404, temporary: false });
      });

      it('says whether one is served, by its end and by all of it', async () => {
        const place = repository('blobs/checked');
        for (const blob of [SMALL, LARGE, EMPTY]) {
          await uploadBlob(registry, place, { blob });
          const absent = { ...describeBlob(blob), digest: ABSENT };
          for (const extent of ['whole', 'end'] as const) {
            expect(await registry.checkBlob(place, { blob: describeBlob(blob), extent }, signal)).toBe(
              'sound',
            );
            expect(await registry.checkBlob(place, { blob: absent, extent }, signal)).toBe('missing');
          }
        }
        const larger = { ...describeBlob(LARGE), size: LARGE.bytes.length + 1 };
        for (const extent of ['whole', 'end'] as const) {
          expect(await registry.checkBlob(place, { blob: larger, extent }, signal)).not.toBe('sound');
        }
      });

      it('never completes one with other bytes than its digest says', async () => {
        const place = repository('blobs/wrong');
        const blob = layer('wrong', LARGE.bytes.length);
        const error = await registryErrorOf(uploadBlob(registry, place, { blob, open: () => LARGE.bytes }));
        expect(error).toMatchObject({ code: 'refused', status: 400 });
        expect(await registry.hasBlob(place, blob.digest, signal)).toBe(false);
      });

      it('never completes one whose source breaks off', async () => {
        const place = repository('blobs/broken');
        const blob = layer('broken', LARGE.bytes.length);
        const open = () => pieces(blob.bytes, new Error('the source broke off'));
        await expect(uploadBlob(registry, place, { blob, open })).rejects.toThrow('the source broke off');
        expect(await registry.hasBlob(place, blob.digest, signal)).toBe(false);
      });

      it('gives up an upload, and does not mind to be asked again', async () => {
        const session = await registry.startUpload(repository('blobs/cancelled'), signal);
        await registry.cancelUpload(session, signal);
        await registry.cancelUpload(session, signal);
      });
    });

    describe('mountBlob', () => {
      it(capabilities.mounts ? 'mounts a blob' : 'opens an upload instead', async () => {
        const from = repository('mount/from');
        const to = repository('mount/to');
        const blob = layer('mount', 3000);
        await uploadBlob(registry, from, { blob });
        const answer = await registry.mountBlob(to, { digest: blob.digest, from }, signal);
        if (capabilities.mounts) expect(answer).toBe('mounted');
        else if (answer === 'mounted') throw new Error('mounted after all');
        else await finish(answer, blob);
        expect(await registry.hasBlob(to, blob.digest, signal)).toBe(true);
      });

      it('opens an upload where there is no such blob', async () => {
        const blob = layer('not to be mounted', 3000);
        const to = repository('mount/other');
        await holding('mount/holder', image({ seed: 'mount holder' }));
        const mount = { digest: blob.digest, from: repository('mount/holder') };
        const answer = await registry.mountBlob(to, mount, signal);
        if (answer === 'mounted') throw new Error('mounted what nobody has');
        await finish(answer, blob);
        expect(await registry.hasBlob(to, blob.digest, signal)).toBe(true);
      });

      async function finish(
        session: Parameters<WriteRegistry['cancelUpload']>[0],
        blob: typeof SMALL,
      ): Promise<void> {
        const open = () => Promise.resolve(blob.bytes);
        await registry.finishUpload({ session, blob: describeBlob(blob), open }, signal);
      }

      it(`shows a blob to ${capabilities.blobs === 'host' ? 'every repository' : 'its own repository only'}`, async () => {
        const blob = layer('scope', 100);
        await uploadBlob(registry, repository('scope/one'), { blob });
        await holding('scope/two', image({ seed: 'scope' }));
        const seen = await registry.hasBlob(repository('scope/two'), blob.digest, signal);
        expect(seen).toBe(capabilities.blobs === 'host');
      });
    });

    describe('putManifest', () => {
      it('writes under a digest without a tag, then under a free tag, and moves none', async () => {
        const before = image({ seed: 'put before' });
        const after = image({ seed: 'put after' });
        const tag = tagOf('staying');
        const place = await holding('put/moved', before);
        expect(await registry.resolve(place, tag, signal)).toBeUndefined();
        await registry.putManifest(place, { reference: tag, manifest: before.manifest }, signal);
        expect(await registry.resolve(place, tag, signal)).toBe(before.manifest.digest);
        await holding('put/moved', after);
        const move = registry.putManifest(place, { reference: tag, manifest: after.manifest }, signal);
        expect(await registryErrorOf(move)).toMatchObject({ code: 'moved', temporary: false });
        expect(await registry.resolve(place, tag, signal)).toBe(before.manifest.digest);
      });

      it('writes the same again without harm', async () => {
        const content = multiArch('put again');
        const place = await holding('put/again', content, 'v1');
        await holding('put/again', content, 'v1');
        expect(await registry.resolve(place, tagOf('v1'), signal)).toBe(content.manifest.digest);
      });

      it('writes what refers to another manifest', async () => {
        const subjectOf = image({ seed: 'subject' });
        const place = await holding('put/referrer', subjectOf, 'v1');
        const referrer = artifact('referrer', { subject: subjectOf });
        await holding('put/referrer', referrer);
        expect(await registry.fetchManifest(place, referrer.manifest.digest, signal)).toMatchObject({
          digest: referrer.manifest.digest,
        });
      });

      it.each([
        ['a blob', 'missingBlob', image({ seed: 'put missing' })],
        ['a child', 'missingChild', index({ children: [image({ seed: 'put missing child' })] })],
      ] as const)('answers a manifest that misses %s', async (_what, capability, { manifest }) => {
        const place = repository(`put/missing/${capability.toLowerCase()}`);
        await uploadBlob(registry, place, { blob: SMALL });
        const expected = capabilities[capability];
        for (const reference of [manifest.digest, tagOf('v1')]) {
          const put = registry.putManifest(place, { reference, manifest }, signal);
          if (expected === 'taken') await put;
          else expect(await registryErrorOf(put)).toMatchObject({ code: expected, temporary: false });
        }
        const stored = await registry.resolve(place, manifest.digest, signal);
        expect(stored).toBe(expected === 'taken' ? manifest.digest : undefined);
      });

      it('answers a manifest with a foreign layer', async () => {
        const content = foreignLayerImage('put foreign');
        const put = holding('put/foreign', content);
        if (capabilities.foreignLayer !== 'taken') {
          expect(await registryErrorOf(put)).toMatchObject({ code: capabilities.foreignLayer });
          return;
        }
        const manifest = await registry.fetchManifest(await put, content.manifest.digest, signal);
        expect(Buffer.compare(manifest?.bytes ?? Buffer.alloc(0), content.manifest.bytes)).toBe(0);
      });

      it('does not give out bytes under a digest that is not theirs', async () => {
        const content = image({ seed: 'put other' });
        const place = await holding('put/other', content);
        const put = registry.putManifest(place, { reference: ABSENT, manifest: content.manifest }, signal);
        const expected = capabilities.wrongDigest;
        if (expected !== 'taken') {
          expect(await registryErrorOf(put)).toMatchObject({ code: expected });
          expect(await registry.fetchManifest(place, ABSENT, signal)).toBeUndefined();
          return;
        }
        await put;
        const error = await registryErrorOf(registry.fetchManifest(place, ABSENT, signal));
        expect(error).toMatchObject({ code: 'mismatch', temporary: false });
      });
    });

    it('throws what the signal carries when it was aborted', async () => {
      const reason = new Error('enough');
      const aborted = AbortSignal.abort(reason);
      const place = repository('aborted');
      const session = {
        repository: place,
        location: `http://${subject.host}/v2/aborted/blobs/uploads/1`,
        received: 0,
      };
      const open = () => Promise.resolve(SMALL.bytes);
      const { manifest } = image({ seed: 'aborted' });
      for (const call of [
        () => registry.resolve(place, tagOf('v1'), aborted),
        () => registry.fetchManifest(place, ABSENT, aborted),
        () => registry.list(place, aborted),
        () => registry.hasBlob(place, ABSENT, aborted),
        () => registry.openBlob(place, describeBlob(SMALL), aborted),
        () => registry.openBlob(place, describeBlob(LARGE), aborted),
        () => registry.mountBlob(place, { digest: ABSENT, from: place }, aborted),
        () => registry.startUpload(place, aborted),
        () => registry.finishUpload({ session, blob: describeBlob(SMALL), open }, aborted),
        () => registry.putManifest(place, { reference: tagOf('v1'), manifest }, aborted),
      ]) {
        await expect(call()).rejects.toBe(reason);
      }
      await registry.cancelUpload(session, aborted);
      expect(await registry.resumeUpload(session, aborted)).toBeUndefined();
    });
  });
}

function checkEmpty(
  listing: Awaited<ReturnType<WriteRegistry['list']>>,
  expected: 'missing' | 'empty',
): void {
  if (expected === 'missing') expect(listing).toEqual({ kind: 'missing' });
  else if (listing.kind === 'missing') throw new Error('expected a listing without tags');
  else expect([...listing.tags.keys()]).toEqual([]);
}

/** Bytes in three pieces, and then perhaps an error before the last. */
function pieces(bytes: Uint8Array, error?: Error): Readable {
  const third = Math.ceil(bytes.length / 3);
  const generate = function* () {
    yield bytes.subarray(0, third);
    yield bytes.subarray(third, 2 * third);
    if (error !== undefined) throw error;
    yield bytes.subarray(2 * third);
  };
  return Readable.from(generate());
}
