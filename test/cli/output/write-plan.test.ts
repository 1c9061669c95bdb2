// Covers src/plan/redact-texts.ts

import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { Secrets } from '../../../src/base/secrets.ts';
import { openPlanOutput } from '../../../src/cli/output/write-plan.ts';
import { decodePlan } from '../../../src/plan/plan-codec.ts';
import type { PlanItem } from '../../../src/plan/plan.ts';
import type { RecordedPlan } from '../../../src/plan/recorded-plan.ts';
import { copyTo, planWith } from '../../builders/plans.ts';
import { findLeaks } from '../../system/hostile/canaries.ts';

const PASSWORD = 'CaNaRy-"pass"\n_word_';
const ECHO = `403: user:${PASSWORD} is denied`;
const LOG = { write: () => {} };

async function written(plan: RecordedPlan, { password = PASSWORD, isClosed = false } = {}) {
  const secrets = new Secrets();
  secrets.add(password);
  const stdio = { out: new PassThrough(), err: new PassThrough(), secrets };
  const output = await openPlanOutput(undefined, LOG);
  output.keep(plan);
  if (isClosed) stdio.out.destroy();
  const planOut = { kind: 'descriptor', fd: 1 } as const;
  await output.write({ report: undefined, reportMarkdown: undefined, planOut }, stdio);
  stdio.out.end();
  return text(stdio.out);
}

describe('a plan on its way to its file', () => {
  it('has no secret in any text, and is whole', async () => {
    const { siblings, ...edge } = copyTo('p.io/p/app', 'v1');
    const at = { file: 'm.yaml', line: 1, column: 1 };
    const to = (image: string) => copyTo(`p.io/p/${image}`, 'v1');
    const items: PlanItem[] = [
      { ...edge, decision: 'unreadable', reason: ECHO },
      { ...edge, destination: to('b').destination, decision: 'blocked', reason: ECHO },
      { ...to('c'), sourceFault: ECHO, siblings },
      { ...edge, destination: to('d').destination, decision: 'lost', doubt: ECHO },
      to('e'),
    ];
    const file = await written(
      planWith(items, {
        findings: [{ rule: 'r', level: 'warn', message: ECHO, advice: ECHO, at, edges: [] }],
        malformed: [{ rule: 'r', message: ECHO, at }],
      }),
    );
    expect(findLeaks(file, [])).toEqual([]);
    const { plan } = decodePlan(Buffer.from(file));
    const told = '403: user:REDACTED is denied';
    expect(plan.items).toMatchObject([
      { decision: 'unreadable', reason: told },
      { decision: 'blocked', reason: told },
      { decision: 'copy', sourceFault: told },
      { decision: 'lost', doubt: told },
      { decision: 'copy', destination: 'p.io/p/e' },
    ]);
    expect(plan).toMatchObject({
      findings: [{ message: told, advice: told }],
      malformed: [{ message: told }],
    });
  });

  it('is refused where a secret is a name, with what to do', async () => {
    const writing = written(planWith([copyTo('p.io/production/app', 'v1')]), { password: 'production' });
    await expect(writing).rejects.toThrow(
      /cannot write the plan to stdout: a name in it .* is the same as a password or a token .*: use another one/,
    );
  });

  it('is a failure where nobody reads all of it', async () => {
    await expect(written(planWith([]), { isClosed: true })).rejects.toThrow(
      'cannot write the plan to stdout: its reader went away before it had all of it',
    );
  });
});
