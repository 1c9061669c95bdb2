import { nearest, quote } from '../base/text.ts';
import { PROVENANCE_MODES, type PromoterManifest } from './model.ts';
import type { Fault } from './rules.ts';
import { ProvenanceShape, parseShape, textOf } from './shape.ts';
import type { SourceFile } from './source-file.ts';
import type { YamlMap } from './yaml/yaml-tree.ts';

/**
 * The `provenance` section of a manifest. Only its mode is read: the policy itself is not evaluated yet, so its values
 * are not checked beyond their kind. Undefined where something in the section is wrong, and reported.
 *
 * @see https://github.com/kubernetes-sigs/promo-tools/blob/main/docs/image-promotion.md "Provenance policies"
 */
export function parseProvenance(
  section: YamlMap | undefined,
  manifest: YamlMap,
  source: SourceFile,
): Pick<PromoterManifest, 'provenance'> | undefined {
  if (section === undefined) return {};
  const { fields, intact } = parseShape(ProvenanceShape, section, { owner: 'provenance', source });
  const at = manifest.entries.find(({ key }) => key.value === 'provenance')?.key.at ?? section.at;
  const text = textOf(fields.mode) ?? 'off';
  const mode = PROVENANCE_MODES.find((one) => one === text);
  if (mode === undefined) source.report(unknownMode(text), fields.mode?.at ?? at);
  if (mode === undefined || !intact) return undefined;
  const idle = fields.mode === undefined && section.entries.length > 0;
  if (idle) source.warn(policyWithoutMode(), at);
  if (mode === 'warn') source.warn(notEvaluated(), at);
  return { provenance: { mode, at: source.positionOf(at) } };
}

function unknownMode(text: string): Fault {
  const meant = nearest(text, PROVENANCE_MODES);
  const advice = meant === undefined ? '' : `: did you mean ${quote(meant)}?`;
  return fault(`'mode' of provenance has to be off, warn or require, not ${quote(text)}${advice}`);
}

function policyWithoutMode(): Fault {
  return fault(`the provenance policy has no 'mode', so it is off: set 'mode' to enable it`);
}

function notEvaluated(): Fault {
  return fault(`the provenance policy is not evaluated yet: its images are promoted without the check`);
}

function fault(message: string): Fault {
  return { rule: 'provenance', message };
}
