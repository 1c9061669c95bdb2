import { isObject, type JsonObject, textOf } from '../../base/json.ts';
import { SLSA_V02_PREDICATE, SLSA_V1_PREDICATE } from '../media-types.ts';
import type { Statement } from '../stored-signature.ts';

/** The claims of build provenance that policies compare. */
export interface Provenance {
  /** Empty where it names none. */
  readonly builder: string;
  /** Every repository that it names as its source. */
  readonly sources: readonly string[];
  /** The build level of its content: 3 with all fields that a level needs, else 1. Builders bound it further. */
  readonly level: number;
}

/** True for a predicate of SLSA build provenance. */
export function isProvenance(predicateType: string): boolean {
  return predicateType === SLSA_V02_PREDICATE || predicateType === SLSA_V1_PREDICATE;
}

/**
 * The claims of SLSA provenance v0.2 or v1; undefined for other statements.
 *
 * @see https://slsa.dev/spec/v0.2/provenance
 * @see https://slsa.dev/spec/v1.0/provenance
 */
export function parseProvenance({ predicateType, predicate }: Statement): Provenance | undefined {
  if (!isProvenance(predicateType)) return undefined;
  const document = isObject(predicate) ? predicate : {};
  return predicateType === SLSA_V1_PREDICATE ? parseV1(document) : parseV02(document);
}

function parseV02(predicate: JsonObject): Provenance {
  const invocation = at(predicate, 'invocation');
  const isComplete = textOf(predicate, 'buildType') !== undefined && Object.keys(invocation).length > 0;
  return {
    builder: textOf(at(predicate, 'builder'), 'id') ?? '',
    sources: textsOf(at(invocation, 'configSource')['uri']),
    level: isComplete ? 3 : 1,
  };
}

function parseV1(predicate: JsonObject): Provenance {
  const definition = at(predicate, 'buildDefinition');
  const parameters = at(definition, 'externalParameters');
  const { source } = parameters;
  const isComplete = textOf(definition, 'buildType') !== undefined && Object.keys(parameters).length > 0;
  return {
    builder: textOf(at(at(predicate, 'runDetails'), 'builder'), 'id') ?? '',
    sources: [
      ...textsOf(isObject(source) ? source['uri'] : source),
      ...textsOf(at(parameters, 'workflow')['repository']), // GitHub Actions
      ...textsOf(at(parameters, 'buildConfigSource')['repository']), // Cloud Build
    ],
    level: isComplete ? 3 : 1,
  };
}

function at(json: JsonObject, field: string): JsonObject {
  const value = json[field];
  return isObject(value) ? value : {};
}

function textsOf(value: unknown): readonly string[] {
  return typeof value === 'string' && value !== '' ? [value] : [];
}
