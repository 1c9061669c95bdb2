// Covers src/cli/output/run-record.ts

import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Secrets } from '../../../src/base/secrets.ts';
import { Journal } from '../../../src/cli/output/journal.ts';
import { resolveTarget } from '../../../src/cli/output/report-target.ts';
import { COPIED, failed } from '../../../src/copy/outcome.ts';
import { noEdges, type WritableItem } from '../../../src/plan/plan.ts';
import { parseReport } from '../../../src/report/parse-report.ts';
import type { RunReport } from '../../../src/report/report.ts';
import { digest, repository, tag } from '../../builders/manifests.ts';
import { temporaryDirectory } from '../../doubles/run-cip.ts';

const SECRET = 'hunter2-and-more';
const REPORT: RunReport = {
  version: 1,
  mode: 'promotion',
  startedAt: '2026-11-28T07:00:00.000Z',
  durationMs: 1,
  stopped: true,
  manifests: { projects: 1, images: 1, digests: 1 },
  summary: { edges: 2, ...noEdges(), copy: 2, invalid: 0, copied: 0, failed: 0, 'not-attempted': 2 },
  findings: [],
  items: [],
  hosts: {},
};

function edge(name: string): WritableItem {
  const common = { sources: [repository('s.io/s/app')], siblings: [], at: [] };
  return {
    decision: 'copy',
    destination: repository('p.io/p/app'),
    tag: tag(name),
    digest: digest('a'),
    ...common,
  };
}

async function start({ directory = temporaryDirectory(), target = join(directory, 'r.json') } = {}) {
  const place = await resolveTarget(target);
  if ('obstacle' in place) throw new Error(place.obstacle);
  const warnings: string[] = [];
  const secrets = new Secrets();
  secrets.add(SECRET);
  const log = {
    write: (level: string, message: string, fields = {}) =>
      warnings.push(`${level} ${message} ${JSON.stringify(fields)}`),
  };
  const journal = new Journal(place, { log, secrets, now: () => 0 });
  onTestFinished(() => journal.close({ isReported: false })); // Node warns of files that only its garbage collector closes
  const path = `${target}.partial`;
  return { journal, path, warnings, directory };
}

describe('the journal of a promotion', () => {
  it('has each edge on the disk as soon as it has ended, without secrets', async () => {
    const { journal, path, warnings } = await start();
    await journal.planned(REPORT);
    journal.edgeEnded(edge('v1'), COPIED);
    expect(parseReport(readFileSync(path, 'utf8')).summary).toMatchObject({ copied: 1, 'not-attempted': 1 });
    journal.edgeEnded(edge('v2'), failed(`no right for ${SECRET}`));
    const text = readFileSync(path, 'utf8');
    expect(parseReport(text).summary).toMatchObject({ copied: 1, failed: 1, 'not-attempted': 0 });
    expect(text).not.toContain(SECRET);
    expect(warnings).toEqual([]);
  });

  it('is removed once there is a report, and stays where none could be written', async () => {
    for (const isReported of [true, false]) {
      const { journal, path } = await start();
      await journal.planned(REPORT);
      await journal.close({ isReported });
      expect(existsSync(path)).toBe(!isReported);
    }
  });

  it('of a killed run is replaced, with a warning that says how much it had copied', async () => {
    const { journal, directory } = await start();
    await journal.planned(REPORT);
    journal.edgeEnded(edge('v1'), COPIED);
    const next = await start({ directory });
    await next.journal.planned(REPORT);
    expect(next.warnings).toEqual([
      expect.stringMatching(/^warning replacing the journal of a killed run \{.*"copied":1\}$/),
    ]);
    expect(parseReport(readFileSync(next.path, 'utf8')).summary).toMatchObject({ copied: 0 });
  });

  it('replaces no file of another kind', async () => {
    const { journal, path, warnings } = await start();
    writeFileSync(path, 'a letter');
    await journal.planned(REPORT);
    journal.edgeEnded(edge('v1'), COPIED);
    await journal.close({ isReported: true });
    expect(readFileSync(path, 'utf8')).toBe('a letter');
    expect(warnings).toEqual([
      expect.stringMatching(/^warning no journal .*: the file exists and is not a journal/),
    ]);
  });

  it('follows no link', async () => {
    const { journal, path, directory } = await start();
    symlinkSync(join(directory, 'elsewhere'), path);
    await journal.planned(REPORT);
    expect(existsSync(join(directory, 'elsewhere'))).toBe(false);
    expect(statSync(path).isFile()).toBe(true);
  });

  it('has the permissions of the report that is replaced', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'r.json'), '{}', { mode: 0o600 });
    const { journal, path } = await start({ directory });
    await journal.planned(REPORT);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it.each<[string, Partial<RunReport>, string | undefined]>([
    ['of a dry run', { mode: 'dry-run' }, undefined],
    ['of a report on stdout', {}, '-'],
  ])('is not kept %s', async (_what, changes, target) => {
    const { journal, path } = await start(target === undefined ? {} : { target });
    await journal.planned({ ...REPORT, ...changes });
    journal.edgeEnded(edge('v1'), COPIED);
    await journal.close({ isReported: true });
    expect(existsSync(path)).toBe(false);
  });
});
