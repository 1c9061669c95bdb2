import { expect, it } from 'vitest';
import { parseScan } from '../../../src/adapters/scanners/parse-document.ts';
import { createScanFiles } from '../../../src/adapters/scanners/scan-files.ts';
import { digest, repository, tag } from '../../builders/manifests.ts';

const [A, B] = [digest('a'), digest('b')];
const SIGNAL = new AbortController().signal;
const target = { repository: repository('gcr.io/s/app'), digest: A, tags: [tag('v1')] };

function trivy(id: string, name: string, digests: readonly string[] = []) {
  return parseScan(
    JSON.stringify({
      SchemaVersion: 2,
      ArtifactName: name,
      Metadata: { RepoDigests: digests },
      Results: [{ Vulnerabilities: [{ VulnerabilityID: id, Severity: 'HIGH' }] }],
    }),
  );
}

async function idsOf(...reports: readonly ReturnType<typeof trivy>[]) {
  const { vulnerabilities, notScanned } = await createScanFiles(reports).scan(target, SIGNAL);
  return notScanned ?? vulnerabilities.map(({ id }) => id);
}

it('a report is that of its digest, wherever the image is', async () => {
  expect(await idsOf(trivy('CVE-1', 'other.io/copy', [`other.io/copy@${A}`]))).toEqual(['CVE-1']);
});

it('the reports of several scanners add up', async () => {
  const name = `gcr.io/s/app@${A}`;
  expect(await idsOf(trivy('CVE-1', name), trivy('CVE-2', name))).toEqual(['CVE-1', 'CVE-2']);
});

it('a report without a digest is that of the tag in its name', async () => {
  expect(await idsOf(trivy('CVE-1', 'gcr.io/s/app:v1'))).toEqual(['CVE-1']);
});

it.each([
  ['with another digest, although it has the tag', trivy('CVE-1', 'gcr.io/s/app:v1', [`gcr.io/s/app@${B}`])],
  ['of another tag', trivy('CVE-1', 'gcr.io/s/app:v2')],
  ['of another repository', trivy('CVE-1', 'gcr.io/other/app:v1')],
  ['without a name', trivy('CVE-1', '')],
])('a report %s is that of another image', async (_what, report) => {
  expect(await idsOf(report)).toBe('no report has its digest');
});
