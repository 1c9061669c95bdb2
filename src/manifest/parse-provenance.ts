import { nearest, quote } from '../base/text.ts';
import { PROVENANCE_MODES, type PromoterManifest } from './model.ts';
import type { Fault } from './rules.ts';
import { LIST, MapFields, TEXT } from './map-fields.ts';
import type { SourceFile } from './source-file.ts';
import type { YamlMap } from './yaml/yaml-tree.ts';

/**
 * The `provenance` section of a manifest. Only its mode is read: the policy is not evaluated yet, so only the kinds of
 * its values are checked. Undefined after a fault, which is reported.
 *
 * @see https://github.com/kubernetes-sigs/promo-tools/blob/main/docs/image-promotion.md "Provenance policies"
 */
export function parseProvenance(
  section: YamlMap | undefined,
  manifest: YamlMap,
  source: SourceFile,
): Pick<PromoterManifest, 'provenance'> | undefined {
  if (section === undefined) return {};
  const fields = new MapFields(section, 'provenance', source);
  const modeNode = fields.take('mode', TEXT);
  for (const name of ['signers', 'builders', 'sources', 'predicateTypes']) fields.take(name, LIST);
  fields.take('level', TEXT);
  fields.take('levels', LIST);
  const isIntact = fields.close();
  const at = manifest.entries.find(({ key }) => key.value === 'provenance')?.key.at ?? section.at;
  const text = modeNode?.value ?? 'off';
  const mode = PROVENANCE_MODES.find((one) => one === text);
  if (mode === undefined) source.report(unknownMode(text), modeNode?.at ?? at);
  if (mode === undefined || !isIntact) return undefined;
  if (modeNode === undefined && section.entries.length > 0) {
    source.warn(fault(`the provenance policy has no 'mode', so it is off: set 'mode' to enable it`), at);
  }
  if (mode === 'warn') {
    const message = `the provenance policy is not evaluated yet: its images are promoted without the check`;
    source.warn(fault(message), at);
  }
  return { provenance: { mode, at: source.positionOf(at) } };
}

function unknownMode(text: string): Fault {
  const meant = nearest(text, PROVENANCE_MODES);
  const advice = meant === undefined ? '' : `: did you mean ${quote(meant)}?`;
  return fault(`'mode' of provenance has to be off, warn or require, not ${quote(text)}${advice}`);
}

function fault(message: string): Fault {
  return { rule: 'provenance', message };
}
