import { type JsonObject, textOf } from '../../base/json.ts';
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

export function isTrivy(document: JsonObject): boolean {
  return document['SchemaVersion'] !== undefined && document['ArtifactName'] !== undefined;
}

/**
 * The image and the vulnerabilities in a JSON report of Trivy. With `--show-suppressed` it has also those that its ignore
 * file or its VEX documents dismiss. Throws for another version of the format.
 *
 * @see https://trivy.dev/latest/docs/configuration/reporting/#json
 */
export function parseTrivy(document: JsonObject): ScanReport {
  const { SchemaVersion: version, ArtifactName: name, Results: results } = document;
  if (version !== 2)
    throw new Error(`a report of Trivy with SchemaVersion ${JSON.stringify(version)}, expected 2`);
  const metadata = objectOf(document['Metadata']);
  return {
    ...namesOf([name, ...textsIn(metadata['RepoDigests']), ...textsIn(metadata['RepoTags'])]),
    platform: formatPlatform(objectOf(metadata['ImageConfig'])),
    vulnerabilities: objectsIn(results).flatMap((result) => [
      ...objectsIn(result['Vulnerabilities']).map(vulnerabilityOf),
      ...objectsIn(result['ExperimentalModifiedFindings']).flatMap(modifiedOf),
    ]),
  };
}

const DISMISSING: readonly unknown[] = ['ignored', 'not_affected', 'fixed'];

/** A modified finding of another status counts. */
function modifiedOf({
  Type: type,
  Status: status,
  Statement: statement,
  Finding: finding,
}: JsonObject): readonly Vulnerability[] {
  if (type !== 'vulnerability') return [];
  const vulnerability = vulnerabilityOf(objectOf(finding));
  if (!DISMISSING.includes(status)) return [vulnerability];
  const reason = ['Trivy', plain(status), plain(statement)].filter((part) => part !== '').join(': ');
  return [{ ...vulnerability, dismissed: reason }];
}

function vulnerabilityOf(found: JsonObject): Vulnerability {
  const fixedIn = plain(found['FixedVersion']);
  return {
    id: plain(found['VulnerabilityID']),
    aliases: textsIn(found['VendorIDs']).map(plain),
    severity: severityNamed(found['Severity']) ?? 'unspecified',
    package: plain(found['PkgName']),
    version: plain(found['InstalledVersion']),
    purl: parsePurl(textOf(objectOf(found['PkgIdentifier']), 'PURL') ?? ''),
    fixedIn: fixedIn === '' ? undefined : fixedIn,
  };
}
