import { isObject, type JsonObject, parseJsonObject } from '../../base/json.ts';
import { DOCKER_CONFIG, OCI_CONFIG } from '../../image/media-types.ts';
import { platformName } from './image-facts.ts';

/** The values of a config by field name, unmasked. */
export type Fields = ReadonlyMap<string, string>;

/** A config that was read. */
export interface Config {
  /** `linux/amd64`; `chart` for a helm chart. */
  readonly platform: string;
  readonly fields: Fields;
}

/** The media type of the config of a helm chart: its `Chart.yaml` as JSON. */
const HELM_CONFIG = 'application/vnd.cncf.helm.config.v1+json';

/** True for configs of images and charts. */
export function isKnownConfig(mediaType: string): boolean {
  return mediaType === OCI_CONFIG || mediaType === DOCKER_CONFIG || mediaType === HELM_CONFIG;
}

/**
 * The fields of a config of a known type; undefined for bytes that are no JSON object.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
 */
export function parseConfig(mediaType: string, bytes: Uint8Array): Config | undefined {
  const document = parseJsonObject(bytes);
  if (document === undefined) return undefined;
  return mediaType === HELM_CONFIG
    ? { platform: 'chart', fields: chartFields(document) }
    : { platform: platformName(document), fields: imageFields(document) };
}

const SINGLE = [
  ['user', 'User'],
  ['entrypoint', 'Entrypoint'],
  ['cmd', 'Cmd'],
  ['working directory', 'WorkingDir'],
  ['stop signal', 'StopSignal'],
  ['health check', 'Healthcheck'],
  ['shell', 'Shell'],
  ['on build', 'OnBuild'],
] as const;

function imageFields(document: JsonObject): Fields {
  const config = isObject(document['config']) ? document['config'] : {};
  const fields = new Map<string, string>();
  for (const [name, key] of SINGLE) setNonEmpty(fields, name, config[key]);
  const env: unknown = config['Env'];
  for (const variable of Array.isArray(env) ? env : []) {
    const [name = '', ...value] = textOfAny(variable).split('=');
    fields.set(`env ${name}`, value.join('='));
  }
  for (const [noun, key] of [
    ['port', 'ExposedPorts'],
    ['volume', 'Volumes'],
  ] as const) {
    for (const name of keysOf(config[key])) fields.set(`${noun} ${name}`, 'yes');
  }
  const labels = isObject(config['Labels']) ? config['Labels'] : {};
  for (const [name, value] of Object.entries(labels)) fields.set(`label ${name}`, textOfAny(value));
  return fields;
}

const CHART = [
  'name',
  'version',
  'appVersion',
  'apiVersion',
  'kubeVersion',
  'type',
  'description',
  'home',
  'sources',
  'maintainers',
  'deprecated',
] as const;

function chartFields(chart: JsonObject): Fields {
  const fields = new Map<string, string>();
  for (const name of CHART) setNonEmpty(fields, `chart ${name}`, chart[name]);
  const dependencies: unknown = chart['dependencies'];
  for (const dependency of Array.isArray(dependencies) ? dependencies : []) {
    if (!isObject(dependency)) continue;
    const origin = textOfAny(dependency['repository']);
    fields.set(
      `chart dependency ${textOfAny(dependency['name'])}`,
      `${textOfAny(dependency['version'])} ${origin}`.trim(),
    );
  }
  const annotations = isObject(chart['annotations']) ? chart['annotations'] : {};
  for (const [name, value] of Object.entries(annotations))
    fields.set(`chart annotation ${name}`, textOfAny(value));
  return fields;
}

/** Sets a field unless its value is empty: builders write empty values for missing ones. */
function setNonEmpty(fields: Map<string, string>, name: string, value: unknown): void {
  const text = textOfAny(value);
  if (text !== '' && text !== '[]' && text !== '{}') fields.set(name, text);
}

function textOfAny(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

function keysOf(value: unknown): readonly string[] {
  return isObject(value) ? Object.keys(value) : [];
}
