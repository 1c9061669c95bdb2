import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { Deployment } from 'kubernetes-models/apps/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { Container, Service } from 'kubernetes-models/v1';
import { expect, it } from 'vitest';
import { noCounts } from '../../src/auditor/counts.ts';
import { auditServeOptionsOf } from '../../src/cli/flags/options/audit-serve-options.ts';
import { parseCommandLine } from '../../src/cli/flags/parse-command-line.ts';
import { renderAuditorMetrics } from '../../src/cli/telemetry/auditor-metrics.ts';
import { repositoryRoot } from '../doubles/tools.ts';

// The auditor's examples in docs/ci and its page: against their schemas, the parser and the metrics.

const DOCS = join(repositoryRoot(), 'docs');

it('the files for Kubernetes meet its schemas, and fit each other', () => {
  const [deployment, service, policy] = read('auditor-deployment.yaml');
  for (const one of [new Deployment(deployment), new Service(service), new NetworkPolicy(policy)])
    expect(() => one.validate()).not.toThrow();
  const { selector, template } = deployment.spec;
  expect(template.metadata.labels).toEqual(selector.matchLabels);
  expect(service.spec.selector).toEqual(selector.matchLabels);
  expect(policy.spec.podSelector).toEqual({ matchLabels: selector.matchLabels });
  expect(template.spec).toMatchObject({
    securityContext: { runAsNonRoot: true },
    containers: [{ securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false } }],
  });
  expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(20);
});

it('the service of Cloud Run has the structure of one (npm has no schema), and a container that Kubernetes accepts', () => {
  const [service] = read('auditor-cloud-run.yaml');
  expect(service).toMatchObject({ apiVersion: 'serving.knative.dev/v1', kind: 'Service' });
  const [container] = service.spec.template.spec.containers;
  expect(() => new Container({ name: 'auditor', ...container }).validate()).not.toThrow();
  expect(Object.keys(service.spec.template.spec).toSorted()).toEqual([
    'containerConcurrency',
    'containers',
    'serviceAccountName',
    'timeoutSeconds',
  ]);
});

it.each(['auditor-deployment.yaml', 'auditor-cloud-run.yaml'])(
  '%s starts the auditor, with authenticated senders',
  (file) => {
    const [document] = read(file);
    const [{ args }] = document.spec.template.spec.containers;
    const { flags } = parseCommandLine('cip', ['audit', 'serve', ...args]);
    expect(auditServeOptionsOf(flags, {})).toMatchObject({
      manifests: { kind: 'git' },
      auth: { kind: 'any-of' },
    });
  },
);

it('the page names every metric, and the fields of a subscription as the service expects them', () => {
  const page = readFileSync(join(DOCS, 'audit-service.md'), 'utf8');
  const store = { loaded: undefined, fetchedAt: 0, error: undefined, fetches: 0, failures: 0 };
  const text = renderAuditorMetrics({ counts: noCounts(), store, now: 0 });
  const names = Array.from(text.matchAll(/^# TYPE (cip_audit_\S+)/gm), ([, name = '']) => name);
  expect(names.length).toBeGreaterThan(4);
  for (const name of names) expect(page).toContain(name);
});

function read(file: string) {
  const documents = loadAll(readFileSync(join(DOCS, 'ci', file), 'utf8'));
  return JSON.parse(JSON.stringify(documents));
}
