import { describe, expect, it } from 'vitest';
import { ALERT_LIMITS, Alerter, type AlertLimits } from '../../../src/auditor/alerts/alerter.ts';
import type { RejectionCause } from '../../../src/auditor/verdict/verdict.ts';

const HOUR = 3_600_000;

function start(limits: Partial<AlertLimits> = {}) {
  const sent: string[] = [];
  const counts = { sent: 0, counted: 0 };
  const alerter = new Alerter((text) => sent.push(text), counts, { ...ALERT_LIMITS, ...limits });
  const offer = (repository: string, cause: RejectionCause, now: number) =>
    alerter.offer({ repository, cause, message: `${cause} in ${repository}` }, now);
  return { sent, counts, alerter, offer };
}

describe('alerts', () => {
  it('are one for each repository and cause in an hour, then a count', () => {
    const { sent, counts, alerter, offer } = start();
    for (let minute = 0; minute < 50; minute++) offer('a', 'tag', minute * 60_000);
    offer('a', 'digest', 1000);
    offer('b', 'tag', 1000);
    expect(sent).toEqual(['tag in a', 'digest in a', 'tag in b']);
    expect(counts).toEqual({ sent: 3, counted: 49 });
    alerter.flush(HOUR - 1);
    expect(sent).toHaveLength(3);
    alerter.flush(HOUR + 1000);
    expect(sent[3]).toBe('49 more rejected in a (tag) since the last alert, after: tag in a');
    alerter.flush(10 * HOUR);
    expect(sent).toHaveLength(4);
    offer('a', 'tag', 10 * HOUR + 2000);
    expect(sent[4]).toBe('tag in a');
  });

  it('begin another quiet period with each count', () => {
    const { sent, alerter, offer } = start();
    for (const now of [0, 1, HOUR + 1, HOUR + 2000]) offer('a', 'tag', now);
    expect(sent).toHaveLength(2);
    alerter.flush(2 * HOUR + 3000);
    expect(sent.at(-1)).toMatch(/^2 more rejected in a /);
  });

  it('are limited in all, and those beyond are counted and told later', () => {
    const { sent, alerter, offer } = start({ burst: 2, window: 60_000 });
    for (const name of ['a', 'b', 'c']) offer(name, 'tag', 0);
    offer('c', 'tag', 10);
    expect(sent).toEqual(['tag in a', 'tag in b']);
    alerter.flush(61_000);
    expect(sent[2]).toBe('2 more rejected in c (tag) since the last alert, after: tag in c');
  });

  it('hold a bounded number of subjects, and the rest shares one', () => {
    const { sent, alerter, offer } = start({ subjects: 10, burst: 1000 });
    for (let one = 0; one < 100_000; one++) offer(`r${one}`, 'unknown-repository', 0);
    expect(sent).toHaveLength(11);
    alerter.flush(HOUR + 1);
    expect(sent.at(-1)).toMatch(/^99989 more rejected in other repositories since/);
  });
});
