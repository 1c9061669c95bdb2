import type { Digest } from '../../../src/image/digest.ts';
import { type EvidenceType, evidenceTypeOf, type Evidence } from '../../../src/signature/policy/evidence.ts';
import { parseSignerRule, type SignerRule } from '../../../src/signature/policy/signer-rule.ts';
import type {
  SignerIdentity,
  Statement,
  VerifiedSignature,
} from '../../../src/signature/stored-signature.ts';
import { digest } from '../../builders/manifests.ts';

export const ISSUER = 'https://accounts.google.com';
export const STAGING = 'staging@example.com';
export const BUILDER = 'https://builder.example/staging';
export const SOURCE = 'github.com/o/app';
const COSIGN_SIGN = 'https://sigstore.dev/cosign/sign/v1';

export function signer(identity: string, issuer = ISSUER): SignerRule {
  return rule(`sigstore::${issuer}::${identity}`);
}

export function rule(text: string): SignerRule {
  const parsed = parseSignerRule(text);
  if ('fault' in parsed) throw new Error(parsed.fault);
  return parsed;
}

function verified(signature: VerifiedSignature) {
  return { signature, type: evidenceTypeOf(signature) };
}

interface Signed {
  readonly by?: string;
  readonly issuer?: string;
  readonly subjects?: readonly string[];
  readonly manifest?: Digest;
}

/** Something that a signer has said about some digests. */
export function attested(
  statement: Statement | undefined,
  { by = STAGING, issuer = ISSUER, subjects = [digest('a')], manifest = digest('1') }: Signed = {},
): Evidence {
  const identity: SignerIdentity = { kind: 'certificate', issuer, identity: by };
  return {
    kind: 'verified',
    manifest,
    where: `referrer ${manifest.slice(7, 8)}`,
    isTagged: statement === undefined,
    ...verified({ signer: identity, subjects, statement }),
  };
}

/** A signature: simple signing, or a bundle of cosign 3. */
export function signed(
  signedBy: Signed = {},
  form: 'simple-signing' | 'bundle' = 'simple-signing',
): Evidence {
  const statement = form === 'bundle' ? { predicateType: COSIGN_SIGN, predicate: {} } : undefined;
  return attested(statement, signedBy);
}

export function refused(reason: string, type: EvidenceType = 'attestation'): Evidence {
  return { kind: 'refused', manifest: digest('9'), where: 'referrer 9', isTagged: false, type, reason };
}

interface Claims {
  readonly builder?: string;
  readonly source?: string;
  readonly buildType?: string;
}

export function slsaV1({ builder = BUILDER, source = SOURCE, buildType = 'x' }: Claims = {}): Statement {
  return {
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType,
        externalParameters: { source: { uri: `git+https://${source}@refs/heads/main` } },
      },
      runDetails: { builder: { id: builder } },
    },
  };
}

export function slsaV02({ builder = BUILDER, source = SOURCE, buildType = 'x' }: Claims = {}): Statement {
  return {
    predicateType: 'https://slsa.dev/provenance/v0.2',
    predicate: {
      builder: { id: builder },
      buildType,
      invocation: { configSource: { uri: `https://${source}` } },
    },
  };
}
