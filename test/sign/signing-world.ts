import { AttachmentFinder } from '../../src/attachments/attachment-finder.ts';
import type { EmbeddedRegistry } from '../../src/embedded-registry/embedded-registry.ts';
import type { Digest } from '../../src/image/digest.ts';
import { parseTag } from '../../src/image/tag.ts';
import type { BrowseRegistry, WriteRegistry } from '../../src/ports/registry.ts';
import type { ImageToSign } from '../../src/sign/images-to-sign.ts';
import type { PromotionFacts } from '../../src/sign/promotion-statements.ts';
import { signImages, type SigningPorts } from '../../src/sign/sign-images.ts';
import type { SigningPolicy } from '../../src/sign/signing.ts';
import { SignatureStore } from '../../src/sign/signature-store.ts';
import { clientForTest, quiet, repositoryAt } from '../adapters/oci/client.ts';
import type { Content } from '../builders/images.ts';
import { FakeClock } from '../doubles/fake-clock.ts';
import { type KeySigner, keyVerifier } from '../doubles/key-signer.ts';
import { RecordingProgress } from '../doubles/recording-progress.ts';

export const POLICY: SigningPolicy = {
  recursion: 'joint',
  scope: 'all',
  legacy: false,
  attest: false,
  canonical: [],
  names: [],
  workers: 8,
};

export const FACTS: PromotionFacts = {
  version: '1.2.3',
  manifests: { commit: 'c0ffee', uri: 'https://example.com/manifests' },
  job: { name: 'promote', type: 'postsubmit' },
};

export interface Run {
  readonly signer: KeySigner;
  readonly policy?: Partial<SigningPolicy>;
  readonly ports?: Partial<SigningPorts>;
  /** The registries that it reads and writes. Default: those of the test. */
  readonly registry?: WriteRegistry & BrowseRegistry;
  readonly confirm?: boolean;
  readonly signal?: AbortSignal;
}

/** One run of the stage over a client of its own, as a process has it. */
export function signIn(images: readonly ImageToSign[], run: Run) {
  const { signer, policy, ports, confirm = true, signal, registry = clientForTest().registry } = run;
  const clock = new FakeClock();
  const store = new SignatureStore({ registry, finder: new AttachmentFinder(registry), clock });
  const all = {
    signer,
    verifier: keyVerifier(signer),
    store,
    manifests: registry,
    clock,
    progress: new RecordingProgress(),
    stopping: quiet(),
    ...ports,
  };
  return signImages(
    { images, policy: { ...POLICY, ...policy }, facts: FACTS, confirm },
    all,
    signal ?? quiet(),
  );
}

/** An image that registries have in the repository `app`. */
export function imageAt(content: Content, ...registries: readonly EmbeddedRegistry[]): ImageToSign {
  const { digest } = content.manifest;
  return {
    digest,
    places: registries.map((registry) => {
      const repository = repositoryAt(registry, 'app');
      return { repository, publicName: repository, want: wantOf(digest) };
    }),
  };
}

function wantOf(digest: Digest) {
  const [tag, at] = [parseTag('v1'), { file: 'manifests/app.yaml', line: 1, column: 1 }];
  const source = repositoryAt({ host: 'staging.example.com' }, 'app');
  const tags = tag === undefined ? [] : [{ tag, at: [at] }];
  return { digest, tags, tagless: undefined, sources: [source], siblings: [] };
}
