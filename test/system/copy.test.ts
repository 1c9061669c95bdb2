// Covers src/cli/commands/copy.ts
// Covers src/cli/commands/run/run-copy.ts

import { describe, expect, it } from 'vitest';
import { image, multiArch, push } from '../builders/images.ts';
import { runCip, runWithReport } from '../doubles/run-cip.ts';
import { embedded, writesOf } from './staging.ts';

const APP = multiArch('app', { platforms: 2 });

async function two() {
  const [from, to] = [await embedded(), await embedded()];
  const digest = push(from, 'staging/app', APP, 'v1');
  return { from, to, digest, source: `${from.host}/staging/app`, destination: `${to.host}/prod/other` };
}

describe('cip copy', () => {
  it('is a dry run unless confirmed, and copies all of an image under another name', async () => {
    const { to, digest, source, destination } = await two();
    const dry = await runWithReport(['copy', `${source}:v1`, destination]);
    expect(dry.status, dry.stderr).toBe(0);
    expect(dry.stderr).toContain(`${source}:v1 is ${digest}`);
    expect(dry.report).toMatchObject({ mode: 'dry-run', summary: { edges: 1, copy: 1 } });
    expect(writesOf(to)).toEqual([]);
    const copied = await runWithReport(['copy', `${source}:v1`, destination, '-confirm']);
    expect(copied.status, copied.stderr).toBe(0);
    expect(copied.report.items).toMatchObject([
      { destination: `${destination}:v1`, digest, outcome: 'copied' },
    ]);
    expect(to.store.manifests('prod/other')).toHaveLength(1 + APP.children.length);
    const again = await runWithReport(['copy', `${source}@${digest}`, `${destination}:v1`, '-confirm']);
    expect(again).toMatchObject({ status: 0, report: { summary: { edges: 1, present: 1, copied: 0 } } });
  });

  it('never moves a tag, and an image that does not exist is exit code 1 with a report', async () => {
    const { to, source, destination } = await two();
    push(to, 'prod/other', image({ seed: 'old' }), 'v1');
    const moved = await runWithReport(['copy', `${source}:v1`, destination, '-confirm']);
    expect(moved).toMatchObject({ status: 1, report: { summary: { 'tag-move': 1 } } });
    const missing = await runWithReport(['copy', `${source}:v9`, destination, '-confirm']);
    expect(missing.status).toBe(1);
    expect(missing.report.items).toMatchObject([
      { decision: 'invalid', reason: `source image: ${source}:v9: not found [source-image]` },
    ]);
    expect(writesOf(to)).toEqual([]);
  });

  it('refuses what names no image before it asks anybody', async () => {
    const { from, source, destination } = await two();
    const latest = await runCip(['copy', source, destination]);
    expect(latest).toMatchObject({ status: 2, stdout: '' });
    expect(latest.stderr).toContain('latest is not assumed');
    expect((await runCip(['copy', `${source}:v1`])).status).toBe(2);
    expect(from.requests).toEqual([]);
  });
});
