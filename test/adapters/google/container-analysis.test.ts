import { describe, expect, it } from 'vitest';
import { createContainerAnalysis } from '../../../src/adapters/google/container-analysis.ts';
import { createFetch } from '../../../src/http/fetch.ts';
import { ANONYMOUS, type Identity } from '../../../src/ports/keychain.ts';
import { digest } from '../../builders/manifests.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import {
  type Script,
  type ScriptedAnswer,
  scriptedServer,
  type Step,
} from '../../doubles/scripted-server.ts';
import { repository } from './scene.ts';

// Occurrences are written by hand, after the reference of the API.

const A = digest('a');
const NEVER = new AbortController().signal;
const ACCOUNT: Identity = {
  name: 'service account a@b',
  credential: { kind: 'access-token', current: () => Promise.resolve('token'), refuse: () => {} },
};
const APP = 'us-docker.pkg.dev/k8s-staging/images/app';
const SCANNED = { kind: 'DISCOVERY', discovery: { analysisStatus: 'FINISHED_SUCCESS' } };

async function scan(steps: Script, { name = APP, identity = ACCOUNT, signal = NEVER } = {}) {
  const server = await scriptedServer(steps);
  const log = { write: () => {} };
  const keychain = { identityFor: () => Promise.resolve(identity) };
  const { fetch } = createFetch({ network: {}, clock: new FakeClock(), log, userAgent: 'cip/test' });
  const source = createContainerAnalysis({ keychain, fetch, endpoint: server.url });
  const result = await source.scan({ repository: repository(name), digest: A, tags: [] }, signal);
  return { result, requests: server.requests };
}

function answering(...occurrences: readonly object[]): readonly Step[] {
  return [{ request: /^GET /, answer: { status: 200, body: { occurrences } } }];
}

function vulnerability(more: object, note = 'CVE-2026-1'): object {
  return { kind: 'VULNERABILITY', noteName: `projects/goog-vulnz/notes/${note}`, vulnerability: more };
}

async function foundIn(more: object) {
  const { result } = await scan(answering(SCANNED, vulnerability(more)));
  return result.vulnerabilities;
}

describe('the request', () => {
  it.each([
    [APP, 'k8s-staging'],
    ['gcr.io/k8s-staging/app', 'k8s-staging'],
    ['eu.gcr.io/example.com/project/app', 'example.com:project'],
  ])('is for the occurrences of the digest in the project of %s', async (name, project) => {
    const { requests } = await scan(answering(SCANNED), { name });
    const url = new URL(requests[0]?.line.split(' ')[1] ?? '', 'http://x');
    expect(url.pathname).toBe(`/v1/projects/${project}/occurrences`);
    expect(url.searchParams.get('filter')).toBe(
      `(kind="VULNERABILITY" OR kind="DISCOVERY") AND resourceUrl="https://${name}@${A}"`,
    );
    expect(requests[0]?.headers.authorization).toBe('Bearer token');
  });

  it('is repeated for each page', async () => {
    const page = (token: string | undefined, id: string): ScriptedAnswer => ({
      status: 200,
      body: {
        occurrences: [vulnerability({ packageIssue: [{ affectedPackage: id }] }), SCANNED],
        ...(token !== undefined && { nextPageToken: token }),
      },
    });
    const { result } = await scan([
      { request: /^GET [^ ]*$/, answer: page('next', 'one') },
      { request: /pageToken=next/, answer: page(undefined, 'two') },
    ]);
    expect(result.vulnerabilities.map((one) => one.package)).toEqual(['one', 'two']);
  });

  it('is sent again after status 429', async () => {
    const { result } = await scan([
      { request: /^GET /, answer: { status: 429, headers: { 'retry-after': '1' } } },
      ...answering(SCANNED),
    ]);
    expect(result).toEqual({ vulnerabilities: [] });
  });

  it('is not sent for images of other registries', async () => {
    const { result } = await scan([], { name: 'quay.io/k8s-staging/app' });
    expect(result.notScanned).toBe('it has no images of quay.io: give -scan-results or -scan-command');
  });
});

describe('an image was scanned', () => {
  it.each(['FINISHED_SUCCESS', 'COMPLETE'])('with the status %s', async (analysisStatus) => {
    const { result } = await scan(answering({ kind: 'DISCOVERY', discovery: { analysisStatus } }));
    expect(result).toEqual({ vulnerabilities: [] });
  });
});

describe('an image was not scanned', () => {
  it.each([
    ['PENDING', 'its analysis has not begun'],
    ['SCANNING', 'its analysis has not ended'],
    ['FINISHED_FAILED', 'its analysis has failed'],
    ['FINISHED_UNSUPPORTED', 'its analysis does not support the image'],
    ['constructor', 'the state of its analysis is constructor'],
  ])('with the status %s', async (analysisStatus, reason) => {
    const { result } = await scan(answering({ kind: 'DISCOVERY', discovery: { analysisStatus } }));
    expect(result.notScanned).toBe(reason);
  });

  it('without an occurrence, which is how a clean image looks otherwise', async () => {
    const { result } = await scan([{ request: /^GET /, answer: { status: 200, body: {} } }]);
    expect(result.notScanned).toMatch(/^there is no analysis of it/);
  });

  it('without an answer of the API', async () => {
    const body = { error: { message: 'Permission containeranalysis.occurrences.list denied' } };
    const { result } = await scan([{ request: /^GET /, answer: { status: 403, body } }], {
      identity: ANONYMOUS,
    });
    expect(result.notScanned).toMatch(
      /: 403: Permission containeranalysis\.occurrences\.list denied: the service-account of the source needs roles\/containeranalysis\.occurrences\.viewer in k8s-staging$/,
    );
  });

  it.each<[string, ScriptedAnswer]>([
    ['an answer that is no JSON', { status: 200, body: '<html>' }],
    ['an answer that is cut', { status: 200, body: '{"occurrences": [' }],
  ])('with %s', async (_what, answer) => {
    const { result } = await scan([{ request: /^GET /, answer }]);
    expect(result.notScanned).toMatch(/its response is not a JSON object/);
  });

  it('with a page that leads to itself', async () => {
    const answer = { status: 200, body: { nextPageToken: 'same' } };
    const { result } = await scan([
      { request: /^GET /, answer },
      { request: /^GET /, answer },
    ]);
    expect(result.notScanned).toBe('a page of its response leads to itself');
  });
});

it('an aborted signal ends the scan', async () => {
  await expect(scan([], { signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped');
});

describe('a vulnerability', () => {
  it('has the severity of its package issue, if that is known', async () => {
    const issue = {
      affectedPackage: 'openssl',
      affectedVersion: { fullName: '3.0-1', name: '3.0', revision: '1', kind: 'NORMAL' },
      fixedVersion: { fullName: '3.1-1', kind: 'NORMAL' },
      fixAvailable: true,
      effectiveSeverity: 'LOW',
    };
    const found = {
      shortDescription: 'CVE-2026-1',
      severity: 'CRITICAL',
      effectiveSeverity: 'HIGH',
      packageIssue: [
        issue,
        { ...issue, effectiveSeverity: 'SEVERITY_UNSPECIFIED' },
        { ...issue, effectiveSeverity: undefined },
      ],
    };
    const all = await foundIn(found);
    expect(all[0]).toEqual({
      id: 'CVE-2026-1',
      aliases: [],
      severity: 'low',
      package: 'openssl',
      version: '3.0-1',
      fixedIn: '3.1-1',
      dismissed: undefined,
    });
    expect(all.map(({ severity }) => severity)).toEqual(['low', 'high', 'high']);
  });

  it.each([
    [{ fixedVersion: { kind: 'MAXIMUM' } }, undefined],
    [{ fixedVersion: { kind: 'MAXIMUM' }, fixAvailable: true }, undefined],
    [{ fixedVersion: { name: '3.1', revision: '2' } }, '3.1-2'],
    [{ fixAvailable: true }, ''],
    [{}, undefined],
  ])('%j has the fix %j', async (issue, fixedIn) => {
    expect((await foundIn({ packageIssue: [issue] }))[0]?.fixedIn).toBe(fixedIn);
  });

  it('without a package is one nevertheless', async () => {
    const [only] = await foundIn({ effectiveSeverity: 'HIGH', fixAvailable: true });
    expect(only).toMatchObject({ id: 'CVE-2026-1', severity: 'high', package: '', fixedIn: '' });
  });

  it.each([
    [
      { state: 'NOT_AFFECTED', justification: { justificationType: 'COMPONENT_NOT_PRESENT' } },
      'VEX: NOT_AFFECTED: COMPONENT_NOT_PRESENT',
    ],
    [{ state: 'FIXED' }, 'VEX: FIXED'],
    [{ state: 'AFFECTED' }, undefined],
    [{ state: 'UNDER_INVESTIGATION' }, undefined],
  ])('with the assessment %j is dismissed by %j', async (vexAssessment, dismissed) => {
    expect((await foundIn({ vexAssessment }))[0]?.dismissed).toBe(dismissed);
  });
});
