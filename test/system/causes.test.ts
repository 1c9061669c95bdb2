// Covers src/report/causes.ts
// Covers src/cli/output/conclude-run.ts
// Covers src/cli/output/finish-promotion.ts
// Covers src/cli/output/log-report.ts
// Covers src/cli/output/manifest-frames.ts

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AuthOptions } from '../../src/embedded-registry/auth/auth-options.ts';
import { image, push } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { runWithReport, temporaryDirectory } from '../doubles/run-cip.ts';
import { CLOSED_HOST, embedded, manifestFlag } from './staging.ts';

const CONTENT = image({ seed: 'causes' });
const IMAGES = {
  app: { [CONTENT.manifest.digest]: ['v1', 'v1.0'] },
  lib: { [CONTENT.manifest.digest]: ['v1'] },
};
const TOKENS: AuthOptions = { kind: 'token', users: { robot: 'secret' } };

/** Three edges to a registry, as a -manifest flag, and an environment with this docker configuration. */
async function threeEdges(host: string, config?: string) {
  const staging = await embedded();
  push(staging, 'staging/app', CONTENT);
  push(staging, 'staging/lib', CONTENT);
  const flag = await manifestFlag({ from: `${staging.host}/staging`, to: [`${host}/prod`], images: IMAGES });
  const env = config === undefined ? {} : { DOCKER_CONFIG: await testdir({ 'config.json': config }) };
  return { flag, env };
}

function login(host: string, password: string): string {
  const auth = Buffer.from(`robot:${password}`).toString('base64');
  return JSON.stringify({ auths: { [host]: { auth } } });
}

/** Expects one cause of all edges: in the report, and as the only error of the log. */
async function causeIn(host: string, config?: string, flags: readonly string[] = []) {
  const { flag, env } = await threeEdges(host, config);
  const { status, report, stderr } = await runWithReport([flag, ...flags], { env });
  const [cause, ...others] = report.causes ?? [];
  expect({ status, others }, stderr).toEqual({ status: 1, others: [] });
  expect(cause).toMatchObject({ host, edges: 3 });
  expect(report.items.map((item) => item.cause)).toEqual([cause?.id, cause?.id, cause?.id]);
  const errors = stderr.split('\n').filter((line) => line.startsWith('ERROR'));
  expect(errors).toHaveLength(1);
  return { cause, line: errors[0] ?? '', stderr };
}

describe('a cause is one line for a host', () => {
  it('that refuses connections', async () => {
    const { cause, line } = await causeIn(CLOSED_HOST);
    expect(cause).toMatchObject({ kind: 'unreachable', identity: null });
    expect(line).toMatch(
      new RegExp(`^ERROR +no answer at ${CLOSED_HOST}, 3 edges: .*ECONNREFUSED.*; check `),
    );
  });

  it('that rejects the password', async () => {
    const { host } = await embedded({ auth: TOKENS });
    const { cause, line } = await causeIn(host, login(host, 'wrong'));
    expect(cause).toMatchObject({ kind: 'credentials', identity: 'user "robot" (docker config)' });
    expect(line).toContain(`login failed at ${host} as user "robot" (docker config), 3 edges: `);
    expect(line).toMatch(new RegExp(`; log in: docker login ${host}$`));
  });

  it('that requires credentials, without any', async () => {
    const { host } = await embedded({ auth: TOKENS });
    const { cause, line } = await causeIn(host);
    expect(cause).toMatchObject({ kind: 'credentials', identity: null });
    expect(line).toMatch(
      new RegExp(`^ERROR +not logged in at ${host}, 3 edges: .*; log in: docker login ${host}$`),
    );
  });

  it('that denies the identity a right at the first write', async () => {
    const registry = await embedded({ auth: TOKENS });
    const body = '{"errors":[{"code":"DENIED","message":"no"}]}';
    const act = { kind: 'status', status: 403, body } as const;
    registry.addFault({ method: 'POST', times: Number.POSITIVE_INFINITY, act });
    const { cause, line } = await causeIn(registry.host, login(registry.host, 'secret'), ['-confirm']);
    expect(cause).toMatchObject({ kind: 'right', identity: 'user "robot" (docker config)' });
    expect(line).toMatch(
      /^ERROR +access denied at .*, 3 edges of prod\/app, prod\/lib: 403: DENIED: no; grant user "robot" \(docker config\) the right to push at /,
    );
  });

  it('that answers 5xx', async () => {
    const registry = await embedded();
    registry.addFault({
      kind: 'manifest-put',
      times: Number.POSITIVE_INFINITY,
      act: { kind: 'status', status: 507 },
    });
    const { cause, line } = await causeIn(registry.host, undefined, ['-confirm']);
    expect(cause).toMatchObject({ kind: 'unavailable', identity: null });
    expect(line).toMatch(/^ERROR +server error at .*, 3 edges of prod\/app, prod\/lib: 507/);
  });

  it.each([
    ['is not JSON', '{"auths": '],
    ['names a helper that is not installed', '{"credsStore": "nowhere"}'],
  ])('with a docker configuration that %s', async (_what, config) => {
    const { host } = await embedded({ auth: TOKENS });
    const { cause, line } = await causeIn(host, config);
    expect(cause).toMatchObject({ kind: 'configuration', identity: null });
    expect(line).toMatch(
      /^ERROR +configuration error at .*, 3 edges: .*; correct the configuration on this machine/,
    );
  });
});

describe('the verdict', () => {
  it('is the first and the last line, with the exit code of the process', async () => {
    const { stderr } = await causeIn(CLOSED_HOST);
    const lines = stderr.trimEnd().split('\n');
    expect(lines[0]).toBe('Plan: 2 images to 1 destination: 0 to copy, 0 refused, 3 unreadable');
    expect(lines.at(-1)).toBe(
      'Would promote none of 2 images to 1 destination: 0 to copy, 0 refused, 3 unreadable (exit 1)',
    );
    expect(stderr).not.toContain('-confirm promotes');
  });

  it('follows the live log of a promotion, which it does not repeat', async () => {
    const { flag } = await threeEdges((await embedded()).host);
    const { stderr } = await runWithReport([flag, '-confirm']);
    const lines = stderr.trimEnd().split('\n');
    expect(lines[0]).toBe('Plan: 2 images to 1 destination: 3 to copy, 0 refused');
    expect(
      lines
        .slice(1, 3)
        .map((line) => line.replace(/^\S+Z /, '').replace(/ \(.*/, ''))
        .toSorted(),
    ).toEqual([
      expect.stringMatching(/^copied \S+\/prod\/app@\S+: v1, v1\.0$/),
      expect.stringMatching(/^copied \S+\/prod\/lib@\S+: v1$/),
    ]);
    expect(stderr.match(/sha256:/g)).toHaveLength(2);
    expect(lines.at(-1)).toBe('Promoted 2 images to 1 destination: 3 copied, 0 failed (exit 0)');
  });

  it('and the problem are all that -quiet prints', async () => {
    const { stderr } = await causeIn(CLOSED_HOST, undefined, ['-quiet']);
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^Plan: /),
      expect.stringMatching(/^ERROR +no answer at /),
      expect.stringMatching(/^Would promote none of /),
    ]);
  });
});

it('a problem in Markdown has the lines of its manifest', async () => {
  const { host } = await embedded();
  const images = { app: { [`sha256:${'0'.repeat(64)}`]: ['v1'] } };
  const flag = await manifestFlag({ from: `${host}/staging`, to: [`${host}/prod`], images });
  const markdown = join(temporaryDirectory(), 'r.md');
  await runWithReport([flag, `-report-markdown=${markdown}`]);
  expect(readFileSync(markdown, 'utf8')).toMatch(
    /- \*\*lost\*\* .*\n {2}```\n[^`]*^ {2}> \d+ \| .*sha256:0{64}[^`]*\^\n[^`]*^ {2}```$/m,
  );
});
