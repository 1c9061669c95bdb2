import { readTrustedRoot } from '../../../src/adapters/sigstore/verify/trusted-root.ts';
import { trustedKey } from '../../../src/signature/public-keys.ts';
import { createVerifier } from '../../../src/adapters/sigstore/verify/verifier.ts';
import { AttachmentFinder } from '../../../src/attachments/attachment-finder.ts';
import { blockEdges } from '../../../src/checks/block-edges.ts';
import { runChecks } from '../../../src/checks/run-checks.ts';
import { makeVerification } from '../../../src/checks/signatures/verification.ts';
import { cacheManifests } from '../../../src/copy/manifest-cache.ts';
import { expandEdges } from '../../../src/edges/expand-edges.ts';
import type {
  EmbeddedRegistry,
  EmbeddedRegistryOptions,
} from '../../../src/embedded-registry/embedded-registry.ts';
import { readInventory } from '../../../src/inventory/read-inventory.ts';
import type { PolicySection, PromoterManifest } from '../../../src/manifest/model.ts';
import { makePlan } from '../../../src/plan/make-plan.ts';
import type { ProvenancePolicy, SignaturePolicy } from '../../../src/signature/policy/policy.ts';
import { parseSignerRule, type SignerRule } from '../../../src/signature/policy/signer-rule.ts';
import { makeSimpleSigning } from '../../../src/signature/simple-signing.ts';
import { makeStatement } from '../../../src/signature/statement.ts';
import type { Statement } from '../../../src/signature/stored-signature.ts';
import { clientForTest, embeddedForTest, quiet, repositoryAt } from '../../adapters/oci/client.ts';
import { type Content, push } from '../../builders/images.ts';
import { type Images, inFile } from '../../builders/manifests.ts';
import { bundleReferrer, cosignManifest, pushContent, pushTag } from '../../builders/signatures.ts';
import { RecordingProgress } from '../../doubles/recording-progress.ts';
import type { Sigstore, SigningKey } from '../../doubles/sigstore.ts';
import { BUILDER, SOURCE } from '../../signature/policy/evidence-builders.ts';

export const STAGING_ISSUER = 'https://accounts.google.com';
export const STAGING_IDENTITY = 'staging@example.iam.gserviceaccount.com';

export function rule(text: string): SignerRule {
  const parsed = parseSignerRule(text);
  if ('fault' in parsed) throw new Error(parsed.fault);
  return parsed;
}

export const STAGING = rule(`sigstore::${STAGING_ISSUER}::${STAGING_IDENTITY}`);

/** The statement of a signature. */
export const SIGN = { predicateType: 'https://sigstore.dev/cosign/sign/v1', predicate: {} };
export const PROVENANCE: ProvenancePolicy = {
  signers: [STAGING],
  builders: [{ id: BUILDER, level: 3, signers: [] }],
  sources: [SOURCE],
  predicateTypes: [],
  level: undefined,
  levels: [],
};

export function policy<Policy>(mode: 'warn' | 'require', value: Policy): PolicySection<Policy> {
  return { mode, policy: value, at: { file: 'm.yaml', line: 9, column: 1 } };
}

export interface Policies {
  readonly signatures?: PolicySection<SignaturePolicy>;
  readonly provenance?: PolicySection<ProvenancePolicy>;
}

/** Staging and production in one registry, and a Sigstore whose signatures the run trusts. */
export class Staging {
  readonly registry: EmbeddedRegistry;
  readonly #sigstore: Sigstore;

  constructor(registry: EmbeddedRegistry, sigstore: Sigstore) {
    this.registry = registry;
    this.#sigstore = sigstore;
  }

  static async open(sigstore: Sigstore, options: EmbeddedRegistryOptions = {}): Promise<Staging> {
    return new Staging(await embeddedForTest({ referrers: true, ...options }), sigstore);
  }

  push(image: Content, repository = 'staging/app'): void {
    push(this.registry, repository, image);
  }

  staff(identity = STAGING_IDENTITY, issuer = STAGING_ISSUER): Promise<SigningKey> {
    return this.#sigstore.certificate({ identity, issuer });
  }

  /** Attests digests of one image, and stores that beside another one if told so. */
  async attest(
    image: Content,
    statement: Statement,
    { by, about = [image], at = image }: { by?: SigningKey; about?: readonly Content[]; at?: Content } = {},
  ): Promise<Content> {
    const subjects = about.map(({ manifest }) => ({ digest: manifest.digest }));
    const payload = makeStatement(subjects, statement);
    const bundle = await this.#sigstore.bundle(payload, by ?? (await this.staff()));
    const referrer = bundleReferrer(bundle, at, statement.predicateType);
    pushContent(this.registry, 'staging/app', referrer);
    return referrer;
  }

  /** Signs an image under its tag `.sig`. */
  async sign(
    image: Content,
    { by, about = image }: { by?: SigningKey; about?: Content } = {},
  ): Promise<Content> {
    const payload = makeSimpleSigning({ dockerReference: 'x', digest: about.manifest.digest });
    const stored = await this.#sigstore.simpleSigning(payload, by ?? (await this.staff()));
    const content = cosignManifest([stored]);
    pushTag(this.registry, { repository: 'staging/app', image, suffix: 'sig' }, content);
    return content;
  }

  manifest(images: Images, policies: Policies = {}, destinations = ['prod']): PromoterManifest {
    const { host } = this.registry;
    const to = destinations.map((path) => `${host}/${path}`);
    return {
      ...inFile('m.yaml')
        .from(`${host}/staging`)
        .to(...to)
        .promote(images),
      ...policies,
    };
  }

  /** Plans what manifests want and verifies it. `requests` are those of the rules, as `method kind`. */
  async verify(
    manifests: readonly PromoterManifest[],
    { signers = [], keys = [] }: { signers?: readonly SignerRule[]; keys?: readonly SigningKey[] } = {},
  ) {
    const client = clientForTest().registry;
    const source = cacheManifests(client);
    const ports = { source, destination: client, progress: new RecordingProgress(), workers: 8 };
    const wanted = expandEdges(manifests);
    const plan = makePlan(wanted, await readInventory(wanted, ports, quiet()));
    const root = readTrustedRoot(this.#sigstore.trustedRoot, 'root.json');
    const verifier = createVerifier({ root, keys: keys.map(({ publicKey }) => trustedKey(publicKey)) });
    const finder = new AttachmentFinder(client);
    const verification = await makeVerification({ manifests, signers }, { finder, verifier });
    const before = this.registry.requests.length;
    const findings = await runChecks(verification.rules, plan, ports, quiet());
    return {
      findings,
      /** The accepted attachments of a manifest: of the image itself, or of a child of it. */
      acceptedOf: (image: Content, subject = image) => {
        const repository = repositoryAt(this.registry, 'staging/app');
        const at = { repository, image: image.manifest.digest, subject: subject.manifest.digest };
        return verification.accepted.at(at, { source, signal: quiet() });
      },
      levelOf: verification.levelOf,
      counts: blockEdges(plan, findings).counts,
      requests: this.registry.requests.slice(before).map(({ method, kind }) => `${method} ${kind}`),
    };
  }
}
