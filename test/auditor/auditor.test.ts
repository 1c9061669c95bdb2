// Covers src/auditor/counts.ts
// Covers src/cli/telemetry/auditor-metrics.ts
import { describe, expect, it } from 'vitest';
import { ALERT_LIMITS, Alerter } from '../../src/auditor/alerts/alerter.ts';
import { Auditor } from '../../src/auditor/auditor.ts';
import type { LogEntry } from '../../src/auditor/cloud-log.ts';
import { noCounts } from '../../src/auditor/counts.ts';
import { ManifestStore } from '../../src/auditor/manifests/manifest-store.ts';
import { ChildFinder } from '../../src/auditor/verdict/child-finder.ts';
import { renderAuditorMetrics } from '../../src/cli/telemetry/auditor-metrics.ts';
import { digest } from '../builders/manifests.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';
import { parseExposition } from '../doubles/parse-exposition.ts';
import { VirtualClock } from '../doubles/virtual-clock.ts';
import { plainManifest } from '../system/staging.ts';

const [A, B] = [digest('a'), digest('b')];
const { signal } = new AbortController();

/** The text of a manifest that promotes A from a repository. */
function manifestFrom(from: string): string {
  return plainManifest({ from, to: ['eu.gcr.io/prod'], images: { app: { [A]: ['v1'] } } });
}

function start({ fails = false } = {}) {
  const files = new Map([['m.yaml', manifestFrom('gcr.io/staging')]]);
  const idOf = () => Array.from(files, ([path, text]) => `${path} ${text}`).join();
  const source = {
    name: 'test',
    latest: async () => ({ id: idOf(), commit: 'c0ffee' }),
    read: async () =>
      new Map(Array.from(files, ([path, text]) => [path, { id: text, bytes: Buffer.from(text) }])),
  };
  const clock = new VirtualClock();
  const [entries, alerts]: [LogEntry[], string[]] = [[], []];
  const counts = noCounts();
  const registry = new MemoryRegistry();
  const alerter = new Alerter((alert) => alerts.push(alert), counts.alerts);
  const store = new ManifestStore({ source, clock, signal, maxAge: 60_000, minInterval: 0 });
  const auditor = new Auditor({
    id: 'ID',
    version: 'v5',
    store,
    registry,
    children: new ChildFinder(registry, signal),
    extra: async () => new Map(),
    alerter,
    counts,
    clock,
    log: async (entry) => {
      if (fails) throw new Error('ENOSPC');
      entries.push(entry);
    },
  });
  const audit = (document: unknown, until = signal) => {
    const body = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document));
    return auditor.audit({ headers: {}, body, path: '/' }, until);
  };
  const metrics = () =>
    parseExposition(renderAuditorMetrics({ counts, store: store.state, now: clock.monotonic() }));
  return { audit, entries, alerts, alerter, clock, counts, registry, metrics, files, store };
}

const event = (tag: string, name: string = A, action = 'push') => ({
  action,
  target: {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: name,
    repository: 'prod/app',
    tag,
  },
  request: { host: 'eu.gcr.io' },
});

/** A bad change of each kind, different for each number. */
function badChanges(number: number): readonly unknown[] {
  const elsewhere = { request: { host: `r${number}.example.com` } };
  return [
    { ...event('v1'), ...elsewhere },
    { ...event('v1', A, 'delete'), ...elsewhere },
    event(`tag-${number}`),
    event('', `sha256:${number.toString(16).padStart(64, '0')}`),
  ];
}

describe('the auditor', () => {
  it('answers a request of several events with a line for each, in their order', async () => {
    const { audit, entries, counts } = start();
    const answer = await audit({ events: [event('v1'), event('v2'), event('v1', A, 'delete'), event('v1')] });
    expect(answer.status).toBe(200);
    const words = answer.body.split('\n').map((line) => line.split(' ')[2]);
    expect(words).toEqual(['VERIFIED:', 'REJECTED:', 'REJECTED:', 'VERIFIED:', undefined]);
    expect(answer.body).toContain('(commit c0ffee)');
    expect(entries.map(({ severity }) => severity)).toEqual(['INFO', 'ALERT', 'ALERT', 'INFO']);
    expect(counts).toMatchObject({ verified: 2, rejected: { tag: 1, deletion: 1 } });
  });

  it('answers 500 where one event could not be judged, and logs the others', async () => {
    const { audit, entries, registry } = start();
    registry.fail({});
    const answer = await audit({ events: [event('v1'), event('', B)] });
    expect(answer.status).toBe(500);
    expect(entries.map(({ severity }) => severity)).toEqual(['INFO', 'ERROR']);
  });

  it('fetches manifests once for all events of a request', async () => {
    const { audit, counts, store } = start();
    await store.fresh(signal);
    const { status } = await audit({ events: Array.from({ length: 500 }, () => event('v9', B)) });
    expect(status).toBe(200);
    expect(counts.rejected.digest).toBe(500);
    expect(store.state.fetches).toBe(2);
  });

  it('logs what it could judge of a request that takes too long', async () => {
    const { audit, entries, store } = start();
    await store.fresh(signal);
    const late = new AbortController();
    late.abort(new Error('not judged within 30 s'));
    const events = [...Array.from({ length: 20 }, () => event('v9', B)), event('v1')];
    const answer = await audit({ events }, late.signal);
    expect(answer.status).toBe(500);
    expect(answer.body).toContain('not judged within 30 s');
    expect(entries.map(({ severity }) => severity).filter((one) => one === 'ERROR')).toHaveLength(20);
    expect(entries.at(-1)?.message).toContain('VERIFIED');
  });

  it('rejects a deletion by manifests that are new and whole, like any other change', async () => {
    const { audit, files, store } = start();
    await store.fresh(signal);
    files.set('n.yaml', manifestFrom('eu.gcr.io/new'));
    const deletion = { ...event('v1', A, 'delete'), request: { host: 'eu.gcr.io' } };
    const inSource = { ...deletion, target: { ...deletion.target, repository: 'new/app' } };
    expect((await audit({ events: [inSource] })).body).toMatch(/ IGNORED: /);
    expect((await audit({ events: [deletion] })).body).toMatch(/ REJECTED: .*deletions are prohibited/);
    files.set('n.yaml', `${manifestFrom('eu.gcr.io/new')}- [`);
    expect((await audit({ events: [deletion] })).status).toBe(500);
  });

  it('accepts a request without a change', async () => {
    expect(await start().audit({ events: [] })).toEqual({
      status: 200,
      body: '(ID) TRANSACTION IGNORED: no change of an image\n',
    });
  });

  it('has no answer for a verdict that could not be logged', async () => {
    await expect(start({ fails: true }).audit({ events: [event('v1')] })).rejects.toThrow('ENOSPC');
  });

  it('alerts once of 1,000 distinct messages that parse as nothing', async () => {
    const { audit, entries, alerts, metrics } = start();
    for (let one = 0; one < 1_000; one++) expect((await audit(`nonsense ${one}`)).status).toBe(200);
    expect(entries).toHaveLength(1_000);
    expect(alerts).toHaveLength(1);
    const samples = metrics().get('cip_audit_verdicts_total')?.samples;
    expect(samples?.get('verdict="rejected",cause="malformed"')).toBe(1_000);
    expect(metrics().get('cip_audit_alerts_total')?.samples.get('outcome="sent"')).toBe(1);
  });

  it('keeps as little of 100,000 distinct bad changes as the limits say, and counts each', async () => {
    const { audit, alerts, alerter, clock, counts, metrics } = start();
    const send = async (number: number) => {
      await audit(`nonsense ${number}`);
      await audit({ events: badChanges(number) });
    };
    const samples = () => Array.from(metrics().values(), (metric) => metric.samples.size);
    await send(0);
    const before = samples();
    for (let number = 1; number < 20_000; number++) await send(number);
    const causes = ['malformed', 'deletion', 'unknown-repository', 'tag', 'digest'];
    expect(counts.rejected).toEqual(Object.fromEntries(causes.map((cause) => [cause, 20_000])));
    expect(samples()).toEqual(before);
    expect(alerts).toHaveLength(ALERT_LIMITS.burst);
    // each subject that is kept, and was not alone, is told with its count in a later window
    const windows = 2 * Math.ceil(ALERT_LIMITS.subjects / ALERT_LIMITS.burst);
    for (let later = 1; later <= windows; later++)
      alerter.flush(clock.monotonic() + later * ALERT_LIMITS.window);
    const told = alerts.slice(ALERT_LIMITS.burst).map((text) => Number.parseInt(text, 10));
    expect(told.length).toBeLessThanOrEqual(ALERT_LIMITS.subjects + 1);
    expect(told.reduce((sum, count) => sum + count, ALERT_LIMITS.burst)).toBe(100_000);
  });
});
