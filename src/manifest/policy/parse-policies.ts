import type { SignaturePolicy } from '../../signature/policy/policy.ts';
import type { PolicySection, PromoterManifest } from '../model.ts';
import type { SourceFile } from '../source-file.ts';
import type { YamlMap } from '../yaml/yaml-tree.ts';
import { checkProvenance, parseProvenance } from './parse-provenance.ts';
import { type PlacedExpression, PolicyFields } from './policy-fields.ts';

export interface ParsedPolicies {
  /** Undefined after a fault, which is reported. */
  readonly policies: Pick<PromoterManifest, 'signatures' | 'provenance'> | undefined;
  readonly expressions: readonly PlacedExpression[];
}

interface Sections {
  readonly signatures: YamlMap | undefined;
  readonly provenance: YamlMap | undefined;
}

/** The policies of a manifest: its sections `signatures` and `provenance`. Faults are reported to the file. */
export function parsePolicies(sections: Sections, manifest: YamlMap, source: SourceFile): ParsedPolicies {
  const expressions: PlacedExpression[] = [];
  const parse = <Policy>(name: keyof Sections, reader: PolicyReader<Policy>) => {
    const section = sections[name];
    if (section === undefined) return { isIntact: true, parsed: undefined };
    const at = manifest.entries.find(({ key }) => key.value === name)?.key.at ?? section.at;
    const fields = new PolicyFields(section, { name, at, source });
    const mode = fields.takeMode();
    const policy = reader.parse(fields, source);
    if (mode !== 'off') reader.check(policy, fields);
    expressions.push(...fields.expressions);
    const place = { at: source.positionOf(at) };
    const parsed: PolicySection<Policy> = mode === 'off' ? { mode, ...place } : { mode, policy, ...place };
    return { isIntact: fields.close(), parsed };
  };
  const signatures = parse('signatures', SIGNATURES);
  const provenance = parse('provenance', { parse: parseProvenance, check: checkProvenance });
  const policies = {
    ...(signatures.parsed && { signatures: signatures.parsed }),
    ...(provenance.parsed && { provenance: provenance.parsed }),
  };
  return { policies: signatures.isIntact && provenance.isIntact ? policies : undefined, expressions };
}

interface PolicyReader<Policy> {
  readonly parse: (fields: PolicyFields, source: SourceFile) => Policy;
  /** Of an enabled policy. */
  readonly check: (policy: Policy, fields: PolicyFields) => void;
}

const SIGNATURES: PolicyReader<SignaturePolicy> = {
  parse: (fields) => ({ signers: fields.takeSigners() }),
  check: (_policy, fields) => fields.require('signers'),
};
