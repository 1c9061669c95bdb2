import { isObject, type JsonObject, textOf } from '../../base/json.ts';
import type { Severity } from '../../image/severity.ts';
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

export function isSarif(document: JsonObject): boolean {
  return Array.isArray(document['runs']) && typeof document['version'] === 'string';
}

/**
 * The image and the vulnerabilities in a SARIF log. Packages, versions and fixes have no field in SARIF: Trivy and Grype
 * write them into texts, as lines such as `Fixed Version: 1.2`. A vulnerability without such a line may have a fix.
 *
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function parseSarif(document: JsonObject): ScanReport {
  const runs = objectsIn(document['runs']);
  const names = runs.flatMap((run) => {
    const { imageName, repoDigests, repoTags } = objectOf(run['properties']);
    return [imageName, ...textsIn(repoDigests), ...textsIn(repoTags)];
  });
  return { ...namesOf(names), vulnerabilities: runs.flatMap(vulnerabilitiesOf) };
}

function vulnerabilitiesOf(run: JsonObject): readonly Vulnerability[] {
  const rules = objectsIn(objectOf(objectOf(run['tool'])['driver'])['rules']);
  const byId = new Map(rules.map((rule) => [rule['id'], rule]));
  return objectsIn(run['results']).flatMap((result) => {
    const { ruleId, ruleIndex } = result;
    const rule = byId.get(ruleId ?? objectOf(result['rule'])['id']) ?? rules[Number(ruleIndex)] ?? {};
    return isVulnerability(result, rule) ? vulnerabilityOf(result, rule) : [];
  });
}

/** Kinds of results that are no problems. */
const HARMLESS: readonly unknown[] = ['pass', 'notApplicable', 'informational'];
/** Tags of Trivy's rules about other things than vulnerabilities. */
const OTHER_TAGS: readonly unknown[] = ['secret', 'misconfiguration', 'license'];

function isVulnerability({ kind, baselineState }: JsonObject, rule: JsonObject): boolean {
  const tags = textsIn(objectOf(rule['properties'])['tags']);
  const isOther = !tags.includes('vulnerability') && tags.some((tag) => OTHER_TAGS.includes(tag));
  return !HARMLESS.includes(kind) && baselineState !== 'absent' && !isOther;
}

function vulnerabilityOf(result: JsonObject, rule: JsonObject): Vulnerability {
  const message = objectOf(result['message'])['text'];
  const fields = fieldsOf([objectOf(rule['help'])['text'], message]);
  const version = fields.get('installed version') ?? fields.get('version') ?? '';
  const found = versionIn(message) ?? version;
  const name = fields.get('package') ?? '';
  const id = fields.get('vulnerability') ?? plain(result['ruleId'] ?? rule['id']);
  const dismissal = objectsIn(result['suppressions']).find(
    ({ status }) => (status ?? 'accepted') === 'accepted',
  );
  return {
    id: name !== '' && id.endsWith(`-${name}`) ? id.slice(0, -name.length - 1) : id,
    aliases: [],
    severity: severityOf(result, { rule, fields }),
    package: name,
    version: found,
    fixedIn: found === version ? fixOf(fields) : '',
    ...(dismissal !== undefined && {
      dismissed: ['SARIF: suppressed', plain(dismissal['justification'])].filter(Boolean).join(': '),
    }),
  };
}

/** Grype has one rule for all versions of a package, with the fix of the first. The version of a result is in its message. */
function versionIn(message: unknown): string | undefined {
  const version = typeof message === 'string' ? FOUND.exec(message.slice(0, MAX_CHARACTERS))?.[1] : undefined;
  return version === undefined ? undefined : plain(version);
}

/** `Name: value` lines of texts, by the name in lower case, and `Vulnerability ID`. Later texts win: a rule may serve several packages. */
function fieldsOf(texts: readonly unknown[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const text of texts) {
    if (typeof text !== 'string') continue;
    for (const line of text.slice(0, MAX_CHARACTERS).split('\n')) {
      const [, name, value] = FIELD.exec(line) ?? [];
      if (name !== undefined && value !== undefined) fields.set(name.toLowerCase(), plain(value.trimStart()));
    }
  }
  return fields;
}

/** Characters of a text that are searched for fields; they come first. */
const MAX_CHARACTERS = 2_000;
const FOUND = /, version (\S+) was found /;
const FIELD =
  /^(Vulnerability|Severity|Package|Installed Version|Version|Fixed Version|Fix Version)(?::|\s|$)(.*)$/i;

function fixOf(fields: ReadonlyMap<string, string>): string | undefined {
  const fixedIn = fields.get('fixed version') ?? fields.get('fix version');
  if (fixedIn === undefined) return '';
  return /^(?:none|unknown|-)?$/i.test(fixedIn.trim()) ? undefined : fixedIn;
}

/** The lowest CVSS scores of severities. */
const SCORES: readonly (readonly [number, Severity])[] = [
  [9, 'critical'],
  [7, 'high'],
  [4, 'medium'],
  [0.1, 'low'],
];
const LEVELS: ReadonlyMap<string, Severity> = new Map([
  ['error', 'high'],
  ['warning', 'medium'],
  ['note', 'low'],
]);

/** The word of the scanner; without it the CVSS score, and without that the level. */
function severityOf(
  result: JsonObject,
  { rule, fields }: { readonly rule: JsonObject; readonly fields: ReadonlyMap<string, string> },
): Severity {
  const properties = isObject(rule['properties']) ? rule['properties'] : {};
  const words = [fields.get('severity'), ...textsIn(properties['tags'])];
  const named = words.map(severityNamed).find((severity) => severity !== undefined);
  if (named !== undefined) return named;
  const score = Number(properties['security-severity']);
  const scored = SCORES.find(([lowest]) => score >= lowest)?.[1];
  return scored ?? LEVELS.get(textOf(result, 'level') ?? 'warning') ?? 'unspecified';
}
