import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parsePlain, parseThin } from '../../../src/manifest/parse-manifest.ts';
import {
  MANIFEST_SCHEMAS,
  renderSchema,
  SCHEMA_NAMES,
  type SchemaName,
} from '../../../src/manifest/schema/manifest-schemas.ts';
import { SourceFile } from '../../../src/manifest/source-file.ts';
import { parseYaml } from '../../../src/manifest/yaml/parse-yaml.ts';
import { isNull, type YamlNode } from '../../../src/manifest/yaml/yaml-tree.ts';
import { digest } from '../checks.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const ajv = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true });

function faultsOf(name: SchemaName, text: string): readonly string[] {
  const validate = ajv.compile(MANIFEST_SCHEMAS[name]);
  const root = parseYaml(new SourceFile('test', text));
  validate(root === undefined ? undefined : valueOf(root));
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** A node as editors see it. */
function valueOf(node: YamlNode): unknown {
  switch (node.kind) {
    case 'scalar':
      if (isNull(node)) return null;
      return node.plain && /^(?:true|false)$/.test(node.value) ? node.value === 'true' : node.value;
    case 'list':
      return node.items.map(valueOf);
    case 'map':
      return Object.fromEntries(node.entries.map(({ key, value }) => [key.value, valueOf(value)]));
  }
}

const PLAIN = ['plain/manifest.yaml', 'plain/quirks.yaml'];
const PROJECTS = ['lws', 'sig-storage', 'tg-exporter', 'sp-operator', 'etcdadm', 'ingress-nginx'];

function fixture(path: string): Promise<string> {
  return readFile(`${ROOT}/fixtures/manifests/${path}`, 'utf8');
}

describe('the schemas of manifests', () => {
  it.each(SCHEMA_NAMES)('are published (%s)', async (name) => {
    expect(await readFile(`${ROOT}/docs/schema/${name}.schema.json`, 'utf8')).toBe(renderSchema(name));
  });

  it.each(PLAIN)('accept what the parser accepts: %s', async (path) => {
    const text = await fixture(path);
    const source = new SourceFile(path, text);
    expect(parsePlain(source).manifest).toBeDefined();
    expect(faultsOf('manifest', text)).toEqual([]);
  });

  it.each(PROJECTS)('accept what the parser accepts: the thin manifest of %s', async (project) => {
    const files = [
      `thin/manifests/k8s-staging-${project}/promoter-manifest.yaml`,
      `thin/images/k8s-staging-${project}/images.yaml`,
    ];
    const [header = '', images = ''] = await Promise.all(files.map(fixture));
    const sources = [new SourceFile('m', header), new SourceFile('i', images)] as const;
    parseThin(...sources);
    const isGood = ({ problems }: SourceFile) => problems.every(({ severity }) => severity === 'warning');
    if (isGood(sources[0])) expect(faultsOf('promoter-manifest', header)).toEqual([]);
    expect(faultsOf('images', images).length === 0).toBe(isGood(sources[1]));
  });

  it.each([
    [
      'mode: require, signers: ["sigstore::https://i::a"], builders: [{id: b, level: 3, signers: []}], sources: [a.b/c], level: 2',
      true,
    ],
    ['mode: off, levels: [{images: [app], level: 3}], predicateTypes: [x]', true],
    ['mode: require, signers: [me]', false],
    ['mode: on', false],
    ['mode: off, signer: []', false],
    ['mode: off, builders: [{id: b}]', false],
    ['mode: off, builders: [{id: b, level: 4}]', false],
    ['mode: off, level: 1', false],
    ['mode: off, levels: [{level: 2}]', false],
  ])('know the policies, as the parser does: %s', (fields, isGood) => {
    const text = `registries: [{name: a.io/x, src: true}, {name: b.io/x}]\nprovenance: {${fields}}\n`;
    expect(faultsOf('promoter-manifest', text).length === 0).toBe(isGood);
    expect(parseThin(new SourceFile('m', text), new SourceFile('i', '')).manifest !== undefined).toBe(isGood);
  });

  it.each([
    ['images', `- name: App\n`],
    ['images', `- name: app\n  dmap: {"sha256:12": []}\n`],
    ['images', `- name: app\n  dmap: {"${digest('a')}": v1}\n`],
    ['images', `- name: app\n  tags: []\n`],
    ['promoter-manifest', 'registries: []\n'],
    ['promoter-manifest', 'registries: [{name: "https://a.io/x"}]\n'],
    ['manifest', 'images: []\n'],
    ['manifest', 'registries: [{name: a.io/x}]\nrenames: []\n'],
  ] as const)('refuse what the parser refuses (%s): %s', (name, text) => {
    expect(faultsOf(name, text)).not.toEqual([]);
  });
});
