import type { RunSigning } from '../../apply.ts';
import { AttachmentFinder } from '../../attachments/attachment-finder.ts';
import type { SourceRevision } from '../../ports/source-tree.ts';
import type { BrowseRegistry, WriteRegistry } from '../../ports/registry.ts';
import type { PromotionFacts, PromotionJob } from '../../sign/promotion-statements.ts';
import type { SummaryPorts } from '../../sign/sign-images.ts';
import { runSigning } from '../../sign/run-signing.ts';
import { SignatureStore, type StorePorts } from '../../sign/signature-store.ts';
import type { SigningOptions } from '../flags/options/signing-options.ts';
import { InputError } from '../flags/usage-error.ts';
import { VERSION } from '../output/version.ts';
import { openSigner, type SignerRuntime } from './open-signer.ts';
import { openVerifier } from './open-verifier.ts';
import type { Runtime } from './open-runtime.ts';

export interface SigningParts extends Omit<SignerRuntime, 'fetch' | 'clock' | 'stopping'> {
  readonly runtime: Runtime;
  /** The registry to write to; a dry run has one that it only reads. */
  readonly registry: WriteRegistry & BrowseRegistry;
  /** Finds attachments at destinations. Default: a finder of the signatures that the policy needs. */
  readonly finder?: AttachmentFinder | undefined;
  /** The state of the manifests. Unset: they are in no repository. */
  readonly revision: SourceRevision | undefined;
  /** The result of the provenance policies for an image. Default: none is evaluated. */
  readonly levelOf?: SummaryPorts['levelOf'] | undefined;
}

/** What a run signs with. Nothing is requested yet, but a trusted root of a TUF mirror. Throws an `InputError`. */
export async function openSigning(
  { policy: wanted, signer, summarySigner, verifier }: SigningOptions,
  { runtime, registry, finder, revision, levelOf = () => 'unevaluated', ...parts }: SigningParts,
  stopping: AbortSignal,
): Promise<RunSigning> {
  const { clock } = runtime;
  const facts = factsOf(parts.env, revision);
  const services = { ...parts, clock, stopping, fetch: await runtime.openFetch() };
  const own = await openSigner(signer, services);
  const policy = { ...wanted, legacy: wanted.legacy && own.signsPayloads };
  if (wanted.legacy && !policy.legacy)
    parts.log.write('info', 'no .sig tags are written: they need entries of version 1 of the log');
  const store = openStore(policy, { registry, clock, ...(finder && { finder }) });
  const summaries = summarySigner && {
    signer: summarySigner === signer ? own : await openSigner(summarySigner, services),
    revision: revisionOf(facts),
    levelOf,
  };
  const ownKeys = own.publicKey === undefined ? [] : [{ name: 'the key of the signer', pem: own.publicKey }];
  const inlineKeys = [...(verifier.inlineKeys ?? []), ...ownKeys];
  const opened = await openVerifier({ ...verifier, inlineKeys }, { runtime, ...parts }, stopping);
  return { policy, facts, store, signer: own, summaries, verifier: opened, stage: runSigning };
}

/** The signatures and attestations at destinations, as far as a policy needs them. */
export function openStore(
  { legacy }: Pick<SigningOptions['policy'], 'legacy'>,
  {
    registry,
    clock,
    finder = new AttachmentFinder(registry, { suffixes: legacy ? ['sig'] : [] }),
  }: Pick<StorePorts, 'registry' | 'clock'> & Partial<Pick<StorePorts, 'finder'>>,
): SignatureStore {
  return new SignatureStore({ registry, finder, clock });
}

function revisionOf({ manifests }: PromotionFacts) {
  if (manifests !== undefined) return manifests;
  throw new InputError(
    '-verification-summaries states the commit of the manifests: they are in no git repository, or have changes that are not committed',
  );
}

/** The circumstances of a promotion: the commit of the manifests, and the variables of Prow or GitHub Actions. */
export function factsOf(env: NodeJS.ProcessEnv, revision: SourceRevision | undefined): PromotionFacts {
  const commit = revision === undefined || revision.dirty ? undefined : revision.commit;
  return {
    version: VERSION,
    manifests: commit === undefined ? undefined : { commit, uri: repositoryIn(env) },
    job: jobIn(env),
  };
}

function jobIn(env: NodeJS.ProcessEnv): PromotionJob | undefined {
  const [name, type, buildId, prowJobId] = [
    env['JOB_NAME'] ?? env['GITHUB_WORKFLOW'],
    env['JOB_TYPE'] ?? env['GITHUB_EVENT_NAME'],
    env['BUILD_ID'] ?? env['GITHUB_RUN_ID'],
    env['PROW_JOB_ID'],
  ];
  return name === undefined ? undefined : { name, type, buildId, prowJobId };
}

function repositoryIn(env: NodeJS.ProcessEnv): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name, REPO_OWNER: owner, REPO_NAME: repo } = env;
  if (server && name) return `${server}/${name}`;
  return owner && repo ? `https://github.com/${owner}/${repo}` : undefined;
}
