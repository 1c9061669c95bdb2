import { nearest, quote } from '../../base/text.ts';
import { POLICY_MODES, type PolicyMode } from '../../signature/policy/policy.ts';
import { expressionsOf, parseSignerRule, type SignerRule } from '../../signature/policy/signer-rule.ts';
import { LIST, MapFields, TEXT } from '../map-fields.ts';
import type { Fault } from '../rules.ts';
import type { SourceFile } from '../source-file.ts';
import { isNull, kindOf, type YamlMap, type YamlNode, type YamlScalar } from '../yaml/yaml-tree.ts';

/** An expression of RE2 in a policy, not compiled yet. */
export interface PlacedExpression {
  readonly text: string;
  /** The offset of its signer. */
  readonly at: number;
}

/** The fields that the policies have in common. Faults are reported to the file. */
export class PolicyFields {
  readonly fields: MapFields;
  readonly expressions: PlacedExpression[] = [];
  readonly #section: YamlMap;
  readonly #name: string;
  readonly #at: number;
  readonly #source: SourceFile;
  #isIntact = true;

  /** `name` and `at` are those of the key. */
  constructor(section: YamlMap, { name, at, source }: { name: string; at: number; source: SourceFile }) {
    this.fields = new MapFields(section, name, source);
    this.#section = section;
    this.#name = name;
    this.#at = at;
    this.#source = source;
  }

  report(message: string, at = this.#at): void {
    this.#isIntact = false;
    this.#source.report(fault(message), at);
  }

  /** Leaves the section out after a fault that is reported elsewhere. */
  break(): undefined {
    this.#isIntact = false;
    return undefined;
  }

  /** `off` without a mode, which is a warning beside other fields. */
  takeMode(): PolicyMode {
    const node = this.fields.take('mode', TEXT);
    const text = node?.value ?? 'off';
    const mode = POLICY_MODES.find((one) => one === text);
    if (mode === undefined) {
      const meant = nearest(text, POLICY_MODES);
      const advice = meant === undefined ? '' : `: did you mean ${quote(meant)}?`;
      this.report(
        `'mode' of ${this.#name} must be off, warn or require, not ${quote(text)}${advice}`,
        node?.at,
      );
    }
    if (node === undefined && !this.fields.isBroken('mode') && this.#section.entries.length > 0) {
      const message = `the policy '${this.#name}' has no 'mode', so it is off: set 'mode' to enable it`;
      this.#source.warn(fault(message), this.#at);
    }
    return mode ?? 'off';
  }

  /** The texts of a list, none of them empty. */
  takeTexts(name: string, fields = this.fields): readonly YamlScalar[] {
    return (fields.take(name, LIST)?.items ?? []).filter((item) => this.#isText(item, name));
  }

  takeSigners(fields = this.fields): readonly SignerRule[] {
    return this.takeTexts('signers', fields).flatMap((node) => {
      const rule = parseSignerRule(node.value);
      if ('fault' in rule) return this.report(rule.fault, node.at) ?? [];
      this.expressions.push(...expressionsOf(rule).map((text) => ({ text, at: node.at })));
      return rule;
    });
  }

  /** A whole number from `least` to 3, the highest build level of SLSA. */
  takeLevel(fields: MapFields, least: number): number | undefined {
    const node = fields.take('level', TEXT);
    if (node === undefined) return undefined;
    const level = /^\d$/.test(node.value) ? Number(node.value) : 0;
    if (level >= least && level <= 3) return level;
    this.report(`'level' must be a whole number from ${least} to 3, not ${quote(node.value)}`, node.at);
    return undefined;
  }

  /** Reports a missing or empty list: an enabled policy that expects nothing would accept everything. */
  require(name: string): void {
    const list = this.#section.entries.find(({ key }) => key.value === name)?.value;
    if ((list?.kind === 'list' && list.items.length > 0) || this.fields.isBroken(name)) return;
    this.report(`the policy '${this.#name}' needs '${name}' unless its mode is off: add at least one`);
  }

  /** Reports unknown fields. True for a section without any fault. */
  close(): boolean {
    return this.fields.close() && this.#isIntact;
  }

  #isText(node: YamlNode, name: string): node is YamlScalar {
    if (node.kind === 'scalar' && !isNull(node) && node.value.trim() !== '') return true;
    this.report(
      `an entry of '${name}' must be text, not ${node.kind === 'scalar' ? 'nothing' : kindOf(node)}`,
      node.at,
    );
    return false;
  }
}

export function fault(message: string): Fault {
  return { rule: 'policy', message };
}
