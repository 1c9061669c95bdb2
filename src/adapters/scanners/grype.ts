import type { JsonObject } from '../../base/json.ts';
import { parsePurl } from '../../image/purl.ts';
import { formatPlatform } from '../../image/platform.ts';
import type { Vulnerability } from '../../ports/vulnerabilities.ts';
import {
  namesOf,
  objectOf,
  objectsIn,
  plain,
  type ScanReport,
  severityNamed,
  textsIn,
} from './scan-report.ts';

export function isGrype(document: JsonObject): boolean {
  return Array.isArray(document['matches']) && document['source'] !== undefined;
}

/**
 * The image and the vulnerabilities in a JSON report of Grype. `ignoredMatches` are those that its settings or its VEX
 * documents dismiss.
 *
 * @see https://github.com/anchore/grype#output-formats
 */
export function parseGrype(document: JsonObject): ScanReport {
  const target = objectOf(objectOf(document['source'])['target']);
  const { userInput, manifestDigest, repoDigests, tags, os, architecture } = target;
  return {
    ...namesOf([userInput, manifestDigest, ...textsIn(repoDigests), ...textsIn(tags)]),
    platform: formatPlatform({ os, architecture, variant: target['architectureVariant'] }),
    vulnerabilities: [
      ...objectsIn(document['matches']).map(vulnerabilityOf),
      ...objectsIn(document['ignoredMatches']).map(ignoredOf),
    ],
  };
}

function ignoredOf(match: JsonObject): Vulnerability {
  const [rule = {}] = objectsIn(match['appliedIgnoreRules']);
  const reasons = ['vex-status', 'vex-justification', 'reason'].map((field) => plain(rule[field]));
  return {
    ...vulnerabilityOf(match),
    dismissed: ['Grype: ignored', ...reasons].filter((part) => part !== '').join(': '),
  };
}

function vulnerabilityOf(match: JsonObject): Vulnerability {
  const { id, severity, fix } = objectOf(match['vulnerability']);
  const { name, version, purl } = objectOf(match['artifact']);
  return {
    id: plain(id),
    aliases: objectsIn(match['relatedVulnerabilities']).map((related) => plain(related['id'])),
    severity: severityNamed(severity) ?? 'unspecified',
    package: plain(name),
    version: plain(version),
    purl: parsePurl(typeof purl === 'string' ? purl : ''),
    fixedIn: fixOf(objectOf(fix)),
  };
}

function fixOf({ state, versions }: JsonObject): string | undefined {
  const fixed = textsIn(versions).map(plain).join(', ');
  return state === 'fixed' || fixed !== '' ? fixed : undefined;
}
