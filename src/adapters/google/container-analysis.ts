import { isObject, type JsonObject, parseJsonObject } from '../../base/json.ts';
import { messageOf } from '../../base/errors.ts';
import { oneLine } from '../../base/text.ts';
import { isGoogleHost } from '../../image/google-hosts.ts';
import { formatReference } from '../../image/reference.ts';
import { hostOf, pathOf, type Repository } from '../../image/repository.ts';
import { parseSeverity, type Severity } from '../../image/severity.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import type {
  ScanResult,
  ScanTarget,
  Vulnerability,
  VulnerabilitySource,
} from '../../ports/vulnerabilities.ts';
import { type ApiFetch, type ApiPorts, createApiFetch } from './api-fetch.ts';

export interface ContainerAnalysisOptions extends ApiPorts {
  /** The origin of the API. Default: Google's. */
  readonly endpoint?: string | undefined;
}

const ENDPOINT = 'https://containeranalysis.googleapis.com';
/** Images at a time; the API has a quota for each project and minute. */
const CONCURRENCY = 8;
/** The largest page of the API. */
const PAGE_SIZE = 1000;
/** A hundred thousand occurrences of one image: pages that never end are an error. */
const MAX_PAGES = 100;
const FIELDS = 'nextPageToken,occurrences(kind,noteName,discovery,vulnerability)';

/**
 * The results of Artifact Analysis, through the Container Analysis API: one request for each digest, and one for each
 * further page of a thousand occurrences. An image is scanned if one of its `DISCOVERY` occurrences says that the analysis
 * has succeeded. The identity is that of the image's repository; it needs `containeranalysis.occurrences.list`.
 *
 * @see https://cloud.google.com/artifact-analysis/docs/reference/rest/v1/projects.occurrences/list
 */
export function createContainerAnalysis(options: ContainerAnalysisOptions): VulnerabilitySource {
  return {
    name: 'Container Analysis',
    concurrency: CONCURRENCY,
    indexResults: 'whole',
    scan: async (target, signal) => {
      const project = projectOf(target.repository);
      if (project === undefined)
        return failed(
          `it has no images of ${hostOf(target.repository)}: give -scan-results or -scan-command`,
        );
      const { repository } = target;
      try {
        const api = createApiFetch(repository, { ...options, signal });
        return resultOf(await readOccurrences(target, { ...options, project, api }));
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        return failed(explain(error, project));
      }
    },
  };
}

function explain(error: unknown, project: string): string {
  const isRefused = error instanceof RegistryError && error.code === 'unauthorized';
  const advice = `the service-account of the source needs roles/containeranalysis.occurrences.viewer in ${project}`;
  return [oneLine(messageOf(error)), ...(isRefused ? [advice] : [])].join(': ');
}

/** The project of an image; that of a domain, `example.com:p`, is `example.com/p` in a path. */
function projectOf(repository: Repository): string | undefined {
  if (!isGoogleHost(hostOf(repository))) return undefined;
  const [first = '', second] = pathOf(repository).split('/');
  return first.includes('.') && second !== undefined ? `${first}:${second}` : first;
}

async function readOccurrences(
  { repository, digest }: ScanTarget,
  { endpoint = ENDPOINT, project, api }: { endpoint?: string | undefined; project: string; api: ApiFetch },
): Promise<readonly JsonObject[]> {
  const url = new URL(`/v1/projects/${project}/occurrences`, endpoint);
  const resource = `https://${formatReference(repository, digest)}`;
  url.searchParams.set('filter', `(kind="VULNERABILITY" OR kind="DISCOVERY") AND resourceUrl="${resource}"`);
  url.searchParams.set('pageSize', String(PAGE_SIZE));
  url.searchParams.set('fields', FIELDS);
  const occurrences: JsonObject[] = [];
  for (let page = 1; page <= MAX_PAGES; page++) {
    // oxlint-disable-next-line no-await-in-loop -- a page has the token of the next one
    const body = parseJsonObject(new Uint8Array(await (await api(url)).arrayBuffer()));
    if (body === undefined) throw new Error('its response is not a JSON object');
    const list: readonly unknown[] = Array.isArray(body['occurrences']) ? body['occurrences'] : [];
    occurrences.push(...list.filter(isObject));
    const next = body['nextPageToken'];
    if (typeof next !== 'string' || next === '') return occurrences;
    if (next === url.searchParams.get('pageToken')) throw new Error('a page of its response leads to itself');
    url.searchParams.set('pageToken', next);
  }
  throw new Error(`its response has more than ${MAX_PAGES} pages`);
}

function resultOf(occurrences: readonly JsonObject[]): ScanResult {
  const vulnerabilities = occurrences.flatMap((occurrence) => {
    const { vulnerability, noteName } = occurrence;
    return isObject(vulnerability) ? vulnerabilitiesOf(vulnerability, textOr(noteName, '')) : [];
  });
  const statuses = occurrences.flatMap(({ discovery }) =>
    isObject(discovery) ? [String(discovery['analysisStatus'])] : [],
  );
  if (statuses.some((status) => SCANNED.has(status))) return { vulnerabilities };
  const [status] = statuses;
  return {
    vulnerabilities,
    notScanned: REASONS.get(status ?? '') ?? `the state of its analysis is ${oneLine(status ?? '')}`,
  };
}

const SCANNED: ReadonlySet<string> = new Set(['FINISHED_SUCCESS', 'COMPLETE']);

const REASONS: ReadonlyMap<string, string> = new Map([
  ['', 'there is no analysis of it: the scanning API may be off for its project'],
  ['PENDING', 'its analysis has not begun'],
  ['SCANNING', 'its analysis has not ended'],
  ['FINISHED_FAILED', 'its analysis has failed'],
  ['FINISHED_UNSUPPORTED', 'its analysis does not support the image'],
]);

function failed(notScanned: string): ScanResult {
  return { vulnerabilities: [], notScanned };
}

/** One for each package. The severity of a package is more exact than that of the vulnerability. */
function vulnerabilitiesOf(found: JsonObject, noteName: string): readonly Vulnerability[] {
  const { packageIssue, vexAssessment, shortDescription, effectiveSeverity, severity } = found;
  const list: readonly unknown[] = Array.isArray(packageIssue) ? packageIssue : [];
  const issues = list.filter(isObject);
  const note = noteName.slice(noteName.lastIndexOf('/') + 1);
  const id = textOr(shortDescription, note); // of Google's own notes `CVE-2024-1234`
  const common = {
    id,
    aliases: id === note ? [] : [note],
    dismissed: dismissalOf(vexAssessment),
  };
  const general = severityOf(effectiveSeverity) ?? severityOf(severity) ?? 'unspecified';
  if (issues.length === 0)
    return [{ ...common, severity: general, package: '', version: '', ...fixOf(found) }];
  return issues.map((issue) => ({
    ...common,
    severity: severityOf(issue['effectiveSeverity']) ?? general,
    package: textOr(issue['affectedPackage'], ''),
    version: versionOf(issue['affectedVersion']),
    ...fixOf(issue),
  }));
}

/** Undefined for a severity that is not specified, so that a less exact one counts. */
function severityOf(value: unknown): Severity | undefined {
  const severity = parseSeverity(String(value));
  return severity === 'unspecified' ? undefined : severity;
}

/** `fixAvailable` is absent where it is false. A version of the kind `MAXIMUM` is greater than every other: there is no fix. */
function fixOf({ fixAvailable, fixedVersion }: JsonObject): Pick<Vulnerability, 'fixedIn'> {
  const kind = isObject(fixedVersion) ? fixedVersion['kind'] : undefined;
  if (kind === 'MAXIMUM') return { fixedIn: undefined };
  const version = versionOf(fixedVersion);
  return { fixedIn: fixAvailable === true || version !== '' ? version : undefined };
}

function versionOf(version: unknown): string {
  if (!isObject(version)) return '';
  const { fullName, name, revision } = version;
  return textOr(fullName, [textOr(name, ''), textOr(revision, '')].filter((part) => part !== '').join('-'));
}

const DISMISSING: readonly unknown[] = ['NOT_AFFECTED', 'FIXED'];

function dismissalOf(assessment: unknown): string | undefined {
  if (!isObject(assessment)) return undefined;
  const { state, justification } = assessment;
  if (!DISMISSING.includes(state)) return undefined;
  const why = isObject(justification) ? textOr(justification['justificationType'], '') : '';
  return ['VEX', String(state), why].filter((part) => part !== '').join(': ');
}

function textOr(value: unknown, fallback: string): string {
  return oneLine(typeof value === 'string' && value !== '' ? value : fallback);
}
