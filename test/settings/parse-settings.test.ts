// Covers src/settings/read-settings.ts
// Covers src/settings/rules-section.ts
// Covers src/settings/settings.ts
// Covers src/settings/settings-path.ts
// Covers src/settings/values.ts

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { formatPosition } from '../../src/base/position.ts';
import { SourceFile } from '../../src/manifest/source-file.ts';
import { parseSettings } from '../../src/settings/parse-settings.ts';
import { readRuleSettings } from '../../src/settings/read-settings.ts';
import { ruleSettingsOf } from '../../src/settings/rules-section.ts';
import { renderSettingsSchema } from '../../src/settings/settings.ts';
import { settingsPathOf } from '../../src/settings/settings-path.ts';
import { testdir } from '../builders/testdir.ts';

const HOUR = 3_600_000;

function rulesIn(text: string) {
  const source = new SourceFile('.cip.yaml', text);
  const settings = parseSettings(source);
  return { rules: settings && ruleSettingsOf(settings.rules ?? {}), faults: faultsOf(source) };
}

function faultsOf({ problems }: SourceFile): string[] {
  return problems.map(({ at, message }) => `${formatPosition(at)} ${message}`);
}

describe('settings', () => {
  it('have levels and parameters of rules', () => {
    const { rules, faults } = rulesIn(
      [
        'rules:',
        '  moving-tag: error # a comment',
        '  min-age: {level: error, age: 72h}',
        '  retention: {level: warn, within: 2d, keep: 90d}',
        '  single-platform:',
        '    level: warn',
        '    allow: ["gcr.io/x/tool-*"]',
        '  max-image-size: {level: warn, mib: 512}',
        '  owners: "off"',
      ].join('\n'),
    );
    expect(faults).toEqual([]);
    expect(Object.fromEntries(rules?.levels ?? [])).toEqual({
      'moving-tag': 'error',
      'min-age': 'error',
      retention: 'warn',
      'single-platform': 'warn',
      'max-image-size': 'warn',
      owners: 'off',
    });
    expect(rules?.parameters).toEqual({
      minAge: 72 * HOUR,
      retention: 48 * HOUR,
      retentionKeep: 90 * 24 * HOUR,
      singlePlatformAllow: ['gcr.io/x/tool-*'],
      maxImageSize: 512 * 1024 * 1024,
      movingTags: undefined,
    });
  });

  it.each(['', '# nothing yet\n', 'rules:\n', 'rules: {}\n'])('may be empty: %j', (text) => {
    const { rules, faults } = rulesIn(text);
    expect({ faults, levels: rules?.levels.size }).toEqual({ faults: [], levels: 0 });
  });

  it.each([
    ['rule: {}', '1:1 unknown key "rule" in the file: did you mean "rules"?'],
    [
      'rules:\n  provenance-required: warn',
      '2:3 unknown key "provenance-required" in "rules": did you mean "provenance"?',
    ],
    [
      'rules:\n  singel-platform: warn',
      '2:3 unknown key "singel-platform" in "rules": did you mean "single-platform"?',
    ],
    ['rules:\n  owners: warning', '2:11 "rules.owners" is "warning": expected off, warn, error'],
    ['rules:\n  owners: false', '2:11 "rules.owners" is "false": expected off, warn, error'],
    ['rules:\n  owners:', '2:3 "rules.owners" is nothing: expected off, warn, error'],
    ['rules:\n  owners: [warn]', '2:11 "rules.owners" is a list: expected off, warn, error'],
    [
      'rules:\n  max-image-size: {level: warn, mib: 1.5}',
      '2:38 "rules.max-image-size.mib" is "1.5": expected a whole number of mebibytes, at least 1',
    ],
    [
      'rules:\n  max-image-size: {level: warn, mib: 0}',
      '2:38 "rules.max-image-size.mib" is "0": expected a whole number of mebibytes, at least 1',
    ],
    [
      'rules:\n  moving-tag: {level: warn, tags: latest}',
      '2:35 "rules.moving-tag.tags" is "latest": expected a list, such as ["app-*"]',
    ],
    [
      'rules:\n  moving-tag: {level: warn, tags: [5]}',
      '2:36 "rules.moving-tag.tags.0" is "5": expected text, in quotes if it looks like a number',
    ],
    [
      'rules:\n  tag-move: off',
      '2:3 unknown key "tag-move" in "rules": it is a decision of every plan, so it has no level',
    ],
    [
      'rules:\n  min-age: {level: error, agee: 3d}',
      '2:27 unknown key "agee" in "rules.min-age": did you mean "age"?',
    ],
    ['rules:\n  owners: {level: warn, age: 3d}', '2:25 unknown key "age" in "rules.owners": expected level'],
    ['rules:\n  min-age: {age: 3d}', '2:12 "rules.min-age.level" is missing: expected off, warn, error'],
    [
      'rules:\n  min-age: {level: error, age: 3 days}',
      '2:32 "rules.min-age.age" is "3 days": expected a number of minutes, hours or days, such as 30m, 72h or 14d',
    ],
    [
      'rules:\n  min-age: {level: error, age: 72}',
      '2:32 "rules.min-age.age" is "72": expected a number of minutes, hours or days, such as 30m, 72h or 14d',
    ],
    ['rules: [owners]', '1:8 "rules" is a list: expected a map'],
    ['hello', '1:1 the file is "hello": expected a map'],
    [
      'rules:\n  owners: warn\n  owners: error',
      '3:3 key "owners" already set in map at .cip.yaml:2:3: remove one of the two',
    ],
    ['rules: {', '1:9 not valid YAML: unexpected end of the stream within a flow collection'],
  ])('refuse %j with its place', (text, fault) => {
    const { rules, faults } = rulesIn(text);
    expect(rules).toBeUndefined();
    expect(faults).toEqual([`.cip.yaml:${fault}`]);
  });

  it('report all faults of a file at once', () => {
    expect(rulesIn('rules:\n  ownrs: warn\n  moving-tags: warn\n  retention: no').faults).toHaveLength(3);
  });
});

describe('the file of the settings', () => {
  const signal = new AbortController().signal;

  it('is in the directory of thin manifests, and beside a plain one', () => {
    expect(settingsPathOf({ kind: 'thin', directory: 'a/b/' })).toBe('a/b/.cip.yaml');
    expect(settingsPathOf({ kind: 'plain', file: 'a/m.yaml' })).toBe('a/.cip.yaml');
    expect(settingsPathOf({ kind: 'plain', file: 'm.yaml' })).toBe('.cip.yaml');
  });

  it('is refused with the lines around a fault', async () => {
    const directory = await testdir({ '.cip.yaml': 'rules:\n  owners: wrn\n' });
    await expect(readRuleSettings(`${directory}/.cip.yaml`, signal)).rejects.toThrow(
      /^\.cip\.yaml:2:11: error: "rules\.owners" is .* \[settings\]\n.*> 2 \| {3}owners: wrn/s,
    );
  });

  it('is refused with a second document, whose rules would not run', async () => {
    const directory = await testdir({ '.cip.yaml': 'rules: {}\n---\nrules: {owners: error}\n' });
    await expect(readRuleSettings(`${directory}/.cip.yaml`, signal)).rejects.toThrow(
      /^\.cip\.yaml:3:1: error: .* one YAML document/,
    );
  });

  it('is never a link, whose target may be secret', async () => {
    const directory = await testdir({ secret: 'password: x\n', '.cip.yaml': { link: 'secret' } });
    const reading = readRuleSettings(`${directory}/.cip.yaml`, signal);
    await expect(reading).rejects.toThrow(
      'reading settings ".cip.yaml": it is a symbolic link, expected a file',
    );
    await expect(reading).rejects.not.toThrow('password');
  });
});

describe('the JSON schema of settings', () => {
  const ROOT = fileURLToPath(new URL('../..', import.meta.url));

  it('is published', async () => {
    expect(await readFile(`${ROOT}/docs/schema/settings.schema.json`, 'utf8')).toBe(renderSettingsSchema());
  });

  it.each([
    [{ rules: { owners: 'off', 'min-age': { level: 'error', age: '72h' } } }, true],
    [{ rules: null }, true],
    [{ rules: { owner: 'off' } }, false],
    [{ rules: { 'min-age': { level: 'error', age: '72' } } }, false],
  ])('judges %j as the parser does', (document, isValid) => {
    const validate = new Ajv({ strict: true, allowUnionTypes: true, formats: { date: true } }).compile(
      JSON.parse(renderSettingsSchema()),
    );
    expect(validate(document)).toBe(isValid);
    expect(rulesIn(JSON.stringify(document)).faults.length === 0).toBe(isValid);
  });
});
