import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTool } from './tools.ts';

/** What the conformance suite of the distribution specification has found. */
export interface Conformance {
  readonly passed: number;
  /** Names of tests and what was wrong. */
  readonly failed: readonly string[];
  /** Names of tests and why they were left out. */
  readonly skipped: readonly string[];
}

/**
 * Runs the suite against a registry that speaks http, with everything enabled that a release of the specification has.
 *
 * @see https://github.com/opencontainers/distribution-spec/tree/main/conformance
 */
export async function runConformance(
  host: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Conformance> {
  const results = mkdtempSync(join(tmpdir(), 'conformance-'));
  try {
    const settings = { ...ALL, OCI_REGISTRY: host, OCI_RESULTS_DIR: results, ...env };
    // 1 is a test that failed, or was left out: the results tell
    await runTool('conformance', [], { cwd: results, env: settings, timeoutMs: 120_000, codes: [0, 1] });
    return parseJunit(readFileSync(join(results, 'junit.xml'), 'utf8'));
  } finally {
    rmSync(results, { recursive: true, force: true });
  }
}

/** What is off by default, and the rest is on. */
const ALL = {
  OCI_VERSION: '1.1',
  OCI_TLS: 'disabled',
  OCI_LOG: 'error',
  OCI_API_BLOBS_DIGEST_HEADER: 'true',
  OCI_API_BLOBS_UPLOAD_CANCEL: 'true',
  OCI_API_MANIFESTS_DIGEST_HEADER: 'true',
};

function parseJunit(xml: string): Conformance {
  const cases = Array.from(
    xml.matchAll(/<testcase name="([^"]*)"[^>]* status="(\w+)"[^>]*>(.*?)<\/testcase>/gs),
  );
  const ofStatus = (...wanted: readonly string[]) =>
    cases
      .filter(([, , status = '']) => wanted.includes(status))
      .map(([, name = '', , body = '']) => name + said(body));
  return {
    passed: ofStatus('passed').length,
    failed: ofStatus('failure', 'error'),
    skipped: ofStatus('skipped'),
  };
}

function said(body: string): string {
  const words =
    /<system-out>(.*?)<\/system-out>/s.exec(body)?.[1] ?? /message="([^"]*)"/.exec(body)?.[1] ?? '';
  return `: ${words.slice(0, 500)}`;
}
