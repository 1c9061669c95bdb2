import { parseJsonObject } from '../../base/json.ts';
import { isGrype, parseGrype } from './grype.ts';
import { isSarif, parseSarif } from './sarif.ts';
import type { VexStatement } from '../../ports/vulnerabilities.ts';
import type { ScanReport } from './scan-report.ts';
import { isTrivy, parseTrivy } from './trivy.ts';
import { isCycloneDx, parseCycloneDx } from './vex/cyclonedx.ts';
import { isOpenVex, parseOpenVex } from './vex/openvex.ts';

/** Maximum bytes of a document: reports on images with tens of thousands of vulnerabilities have less. */
export const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;

/** The report in a text, in the JSON of Trivy or Grype, or in SARIF. Throws for anything else. */
export function parseScan(text: string): ScanReport {
  if (text.trim() === '') throw new Error('it is empty');
  const document = parseJsonObject(text);
  if (document === undefined)
    throw new Error('it is not a JSON object: set the output format of the scanner to JSON or SARIF');
  if (isTrivy(document)) return parseTrivy(document);
  if (isGrype(document)) return parseGrype(document);
  if (isSarif(document)) return parseSarif(document);
  throw new Error('it is not a report of a known format: expected JSON of Trivy or Grype, or SARIF');
}

/** The report in a file. Throws also for one that no image could be found by. */
export function parseScanFile(text: string): ScanReport {
  const report = parseScan(text);
  if (report.digests.size > 0 || report.references.size > 0) return report;
  throw new Error(
    'it does not name an image: use the JSON of the scanner (SARIF of Grype has no digest), or -scan-command',
  );
}

/** The statements in a text, in OpenVEX or CycloneDX (JSON). Throws for anything else. */
export function parseVex(text: string): readonly VexStatement[] {
  const document = parseJsonObject(text);
  if (document === undefined) throw new Error('it is not a JSON object');
  if (isOpenVex(document)) return parseOpenVex(document);
  if (isCycloneDx(document)) return parseCycloneDx(document);
  throw new Error('it is not a VEX document of a known format: expected OpenVEX or CycloneDX (JSON)');
}
