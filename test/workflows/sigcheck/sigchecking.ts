import { AttachmentFinder } from '../../../src/attachments/attachment-finder.ts';
import type { CarrySelection } from '../../../src/copy/carry/selection.ts';
import type { EmbeddedRegistry } from '../../../src/embedded-registry/embedded-registry.ts';
import { type ImageReference, parseImageReference } from '../../../src/manifest/image-reference.ts';
import type { PromoterManifest } from '../../../src/manifest/model.ts';
import type { BrowseRegistry, WriteRegistry } from '../../../src/ports/registry.ts';
import { SignatureStore } from '../../../src/sign/signature-store.ts';
import type { SigningPolicy } from '../../../src/sign/signing.ts';
import type { AgeLimits } from '../../../src/workflows/sigcheck/choose-images.ts';
import { sigcheck, type SigcheckPorts } from '../../../src/workflows/sigcheck/sigcheck.ts';
import { clientForTest, quiet } from '../../adapters/oci/client.ts';
import type { Content } from '../../builders/images.ts';
import { from } from '../../builders/manifests.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { type KeySigner, keyVerifier } from '../../doubles/key-signer.ts';
import { MemorySpool } from '../../doubles/memory-spool.ts';
import { RecordingProgress } from '../../doubles/recording-progress.ts';
import { SIGNATURES } from '../../copy/carry/carrying.ts';
import { FACTS, POLICY } from '../../sign/signing-world.ts';

export interface Checking {
  /** Whose signatures count. */
  readonly expected: KeySigner;
  /** Others whose keys are known. */
  readonly known?: readonly KeySigner[];
  /** Signs what is missing. Unset: nothing is repaired. */
  readonly signer?: KeySigner;
  readonly policy?: Partial<SigningPolicy>;
  readonly age?: AgeLimits;
  readonly limit?: number;
  readonly references?: readonly string[];
  readonly registry?: WriteRegistry & BrowseRegistry;
  readonly ports?: Partial<SigcheckPorts>;
  /** The registry of the sources, whose attachments are carried. Unset: they are not compared. */
  readonly source?: EmbeddedRegistry;
  readonly selection?: CarrySelection;
}

/** One check of the images `app` of some registries, by a client of its own, as a process has it. */
export async function checkIn(
  registries: readonly EmbeddedRegistry[],
  images: readonly Content[],
  {
    expected,
    known = [],
    signer,
    policy,
    registry = clientForTest().registry,
    ports,
    source,
    selection = SIGNATURES,
    ...rest
  }: Checking,
) {
  const { fingerprint } = await expected.identity();
  const clock = new FakeClock();
  const finder = new AttachmentFinder(registry);
  const store = new SignatureStore({ registry, finder, clock });
  const manifests = [manifestOf(registries, images, source?.host)];
  const carrying = source && { registry, destination: registry, selection, present: finder };
  return sigcheck(
    {
      read: { manifests, problems: [], counts: { projects: 1, images: 1, digests: images.length } },
      shard: undefined,
      age: {},
      limit: undefined,
      policy: { ...POLICY, legacy: true, attest: true, ...policy },
      facts: FACTS,
      expected: 'the release key',
      confirm: signer !== undefined,
      reportAll: true,
      threads: 8,
      ...rest,
      references: rest.references?.map(referenceOf),
    },
    {
      registry,
      store,
      verifier: keyVerifier(expected, ...known),
      signer,
      accepts: (one) => one.kind === 'key' && one.fingerprint === fingerprint,
      carrying,
      spool: new MemorySpool(),
      traffic: { hosts: () => new Map() },
      clock,
      progress: new RecordingProgress(),
      stopping: quiet(),
      signal: quiet(),
      ...ports,
    },
  );
}

function manifestOf(
  registries: readonly EmbeddedRegistry[],
  images: readonly Content[],
  source = 'staging.example.com',
): PromoterManifest {
  const wanted = images.map(({ manifest }, index) => [manifest.digest, [`v${index + 1}`]] as const);
  return from(`${source}/staging`)
    .to(...registries.map(({ host }) => host))
    .promote({ app: Object.fromEntries(wanted) });
}

function referenceOf(text: string): ImageReference {
  const parsed = parseImageReference(text);
  if ('fault' in parsed) throw new Error(parsed.fault);
  return parsed.value;
}
