import { describe, expect, it } from 'vitest';
import { parseScan } from '../../../src/adapters/scanners/parse-document.ts';
import { createScanFiles } from '../../../src/adapters/scanners/scan-files.ts';
import { digest, repository, tag } from '../../builders/manifests.ts';

const [A, B] = [digest('a'), digest('b')];
const SIGNAL = new AbortController().signal;
const target = { repository: repository('gcr.io/s/app'), digest: A, tags: [tag('v1')] };

function trivy(id: string, name: string, digests: readonly string[] = [], architecture?: string) {
  return parseScan(
    JSON.stringify({
      SchemaVersion: 2,
      ArtifactName: name,
      Metadata: { RepoDigests: digests, ImageConfig: { os: 'linux', architecture } },
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

it('the reports of its digest and of its tags add up', async () => {
  const reports = [trivy('CVE-1', 'gcr.io/s/app:v1'), trivy('CVE-2', `gcr.io/s/app@${A}`)];
  expect(await idsOf(...reports)).toEqual(['CVE-2', 'CVE-1']);
});

describe('a report of an index', () => {
  const scanPlatform = async (...reports: readonly ReturnType<typeof trivy>[]) => {
    const wanted = { ...target, platform: 'linux/arm64' };
    const { vulnerabilities, notScanned } = await createScanFiles(reports).scan(wanted, SIGNAL);
    return notScanned ?? vulnerabilities.map(({ id }) => id);
  };

  it('is that of the platform that it names', async () => {
    const [amd64, arm64] = ['amd64', 'arm64'].map((one) => trivy(one, `gcr.io/s/app@${A}`, [], one));
    if (amd64 === undefined || arm64 === undefined) throw new Error('unreachable');
    expect(await scanPlatform(amd64, arm64)).toEqual(['arm64']);
  });

  it('without that platform is that of another one', async () => {
    const reason = 'no report of the index names this platform: scan it by its own digest';
    expect(await scanPlatform(trivy('CVE-1', `gcr.io/s/app@${A}`, [], 'amd64'))).toBe(reason);
    expect(await scanPlatform(trivy('CVE-1', `gcr.io/s/app@${A}`))).toBe(reason);
    expect(await scanPlatform()).toBe('no report has its digest');
  });
});

it.each([
  ['with another digest, although it has the tag', trivy('CVE-1', 'gcr.io/s/app:v1', [`gcr.io/s/app@${B}`])],
  ['of another tag', trivy('CVE-1', 'gcr.io/s/app:v2')],
  ['of another repository', trivy('CVE-1', 'gcr.io/other/app:v1')],
  ['without a name', trivy('CVE-1', '')],
])('a report %s is that of another image', async (_what, report) => {
  expect(await idsOf(report)).toBe('no report has its digest');
});
