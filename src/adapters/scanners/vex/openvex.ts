import { isObject, type JsonObject } from '../../../base/json.ts';
import { parsePurl } from '../../../image/purl.ts';
import type { VexProduct, VexStatement } from '../../../ports/vulnerabilities.ts';
import { objectOf, objectsIn, plain, textsIn } from '../scan-report.ts';
import { imagesNamed } from './vex-image.ts';

export function isOpenVex(document: JsonObject): boolean {
  return String(document['@context']).startsWith('https://openvex.dev/ns');
}

/**
 * The statements of an OpenVEX document about container images. A statement about anything else has no product here.
 *
 * @see https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md
 */
export function parseOpenVex(document: JsonObject): readonly VexStatement[] {
  const { statements, timestamp, last_updated: updated } = document;
  return objectsIn(statements).map((statement) => ({
    vulnerabilities: namesOf(statement['vulnerability']),
    products: productsOf(statement),
    ...statusOf(statement),
    time: timeOf([statement['last_updated'], statement['timestamp'], updated, timestamp]),
  }));
}

/** Version 0.0 of the format has a text in place of an object. */
function namesOf(vulnerability: unknown): readonly string[] {
  if (typeof vulnerability === 'string') return [plain(vulnerability)];
  const { name, aliases } = objectOf(vulnerability);
  return [name, ...textsIn(aliases)].map(plain).filter((one) => one !== '');
}

function productsOf({ products, subcomponents }: JsonObject): readonly VexProduct[] {
  const list: readonly unknown[] = Array.isArray(products) ? products : [];
  return list.flatMap((product): readonly VexProduct[] => {
    const images = imagesNamed(identifiersOf(product));
    const own = isObject(product) ? product['subcomponents'] : undefined;
    return images.map((image) => ({ ...image, ...packagesOf(own ?? subcomponents) }));
  });
}

/** Every name of a product or a component: its `@id`, and its package URL. */
function identifiersOf(component: unknown): readonly string[] {
  if (typeof component === 'string') return [component];
  const { '@id': id, identifiers } = objectOf(component);
  return [id, objectOf(identifiers)['purl']].filter((one) => typeof one === 'string');
}

/** A subcomponent without a package URL matches no package. */
function packagesOf(components: unknown): Pick<VexProduct, 'packages'> {
  const list: readonly unknown[] = Array.isArray(components) ? components : [];
  if (list.length === 0) return {};
  return { packages: list.flatMap((one) => identifiersOf(one).flatMap((id) => parsePurl(id) ?? [])) };
}

const DISMISSING: readonly unknown[] = ['not_affected', 'fixed'];

function statusOf({ status, justification, impact_statement: impact }: JsonObject) {
  const details = [status, justification, impact].map(plain).filter((one) => one !== '');
  return { dismisses: DISMISSING.includes(status), status: details.join(': ') };
}

/** The first time that is one. */
function timeOf(texts: readonly unknown[]): number {
  const times = texts.map((text) => Date.parse(String(text)));
  return times.find((time) => !Number.isNaN(time)) ?? 0;
}
