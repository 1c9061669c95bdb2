import { describe, expect, it, onTestFinished } from 'vitest';
import { gitRepository } from '../../builders/git-repository.ts';
import { image, multiArch, pushOverHttp } from '../../builders/images.ts';
import { startGitServer } from '../../doubles/git-server.ts';
import { availableRegistries, type RealRegistry, startRealRegistry } from '../../doubles/real-registries.ts';
import { runWithReport, temporaryDirectory } from '../../doubles/run-cip.ts';
import { findTool, runTool } from '../../doubles/tools.ts';
import { testdir } from '../../builders/testdir.ts';
import { thinFiles } from '../staging.ts';
import { type LogLine, startAuditor } from './running-auditor.ts';

const SECRET = 'the-secret-of-the-webhook';
const APP = multiArch('app', { platforms: 3 });
const TOOL = image({ seed: 'tool' });
const STRAY = image({ seed: 'stray' });
const KINDS = (['distribution-2.8', 'distribution-3'] as const).filter((kind) =>
  availableRegistries().includes(kind),
);
const HAS_CLIENTS = findTool('crane') !== undefined && findTool('skopeo') !== undefined;

describe.skipIf(KINDS.length === 0 || !HAS_CLIENTS).each(KINDS)(
  '%s whose webhooks go to the auditor',
  (kind) => {
    it('has every write judged once: those of cip are verified, those of others rejected', async () => {
      const { directory, ...git } = await gitRepository();
      git.commit({ README: 'no manifests yet' });
      const server = await startGitServer(`${directory}/..`);
      const url = `${server.url}/${directory.split('/').at(-1)}/.git`;
      const secret = await testdir({ token: `${SECRET}\n` });
      const auditor = await startAuditor([`-url=${url}`, '-path=k8s', `-webhook-token-file=${secret}/token`]);
      const registry = await startRegistry(kind, auditor.url);
      const { host } = registry;

      const files = thinFiles({
        app: {
          from: `${host}/staging`,
          to: [`${host}/prod`, `${host}/mirror`],
          images: { app: { [APP.manifest.digest]: ['v1', 'latest'] }, tool: { [TOOL.manifest.digest]: [] } },
        },
      });
      const commit = git.commit(
        Object.fromEntries(Object.entries(files).map(([path, text]) => [`k8s/${path}`, text])),
      );

      await pushOverHttp(`http://${host}`, 'staging/app', APP, ['v1']);
      await pushOverHttp(`http://${host}`, 'staging/tool', TOOL, []);
      const manifests = await testdir(files);
      const run = await runWithReport([`-thin-manifest-dir=${manifests}`, '-confirm'], {
        env: { HOME: temporaryDirectory() },
      });
      expect(run.report.summary).toMatchObject({ copied: 6, failed: 0 });

      await pushOverHttp(`http://${host}`, 'prod/app', STRAY, []); // a digest that no manifest allows
      await skopeoCopy(`${host}/staging/tool@${TOOL.manifest.digest}`, `${host}/prod/tool:v9`);
      const [child] = APP.children;
      await runTool('crane', ['tag', `${host}/prod/app@${child?.manifest.digest}`, 'amd64']);
      await skopeoCopy(`${host}/staging/tool@${TOOL.manifest.digest}`, `${host}/elsewhere/tool:v1`);
      await skopeoDelete(`${host}/mirror/tool@${TOOL.manifest.digest}`);

      const lines = await auditor.logged(/"verdict":"rejected"[^\n]*mirror\/tool/);
      const verdicts = lines.filter(({ message }) => message.includes('TRANSACTION'));
      const of = (verdict: string) => verdicts.filter((line) => labelsOf(line)['verdict'] === verdict);
      const rejected = of('rejected').map(
        (line) => `${labelsOf(line)['cause']} ${labelsOf(line)['repository']}`,
      );
      expect(rejected).toEqual([
        `digest ${host}/prod/app`,
        `tag ${host}/prod/tool`,
        `digest ${host}/prod/app`,
        `unknown-repository ${host}/elsewhere/tool`,
        `deletion ${host}/mirror/tool`,
      ]);
      // an index of three children under two tags, and an image without a tag: the tags are one request each
      const verified = of('verified').map((line) => labelsOf(line)['repository']);
      for (const place of ['prod', 'mirror']) {
        expect(verified.filter((one) => one === `${host}/${place}/app`).length, place).toBe(3 + 2);
        expect(verified.filter((one) => one === `${host}/${place}/tool`).length, place).toBe(1);
      }
      expect(
        of('ignored').every((line) => labelsOf(line)['repository']?.startsWith(`${host}/staging/`)),
      ).toBe(true);
      expect(lines.filter(({ message }) => message.includes('NOT JUDGED'))).toEqual([]);
      for (const line of [...of('verified'), ...of('rejected')])
        expect(line.message).toContain(`(commit ${commit})`);
    });
  },
);

async function startRegistry(
  kind: 'distribution-2.8' | 'distribution-3',
  url: string,
): Promise<RealRegistry> {
  const notifications = `notifications:
  endpoints:
    - name: auditor
      url: ${url}/
      headers:
        Authorization: [Bearer ${SECRET}]
      timeout: 30s
      threshold: 3
      backoff: 100ms
`;
  const registry = await startRealRegistry(kind, { memory: true, auth: notifications });
  onTestFinished(() => registry.stop());
  return registry;
}

async function skopeoCopy(from: string, to: string): Promise<void> {
  const flags = ['--src-tls-verify=false', '--dest-tls-verify=false', '--insecure-policy'];
  await runTool('skopeo', [
    ...flags.slice(2),
    'copy',
    ...flags.slice(0, 2),
    `docker://${from}`,
    `docker://${to}`,
  ]);
}

async function skopeoDelete(what: string): Promise<void> {
  await runTool('skopeo', ['delete', '--tls-verify=false', `docker://${what}`]);
}

function labelsOf(line: LogLine): Readonly<Record<string, string>> {
  return line['logging.googleapis.com/labels'] ?? {};
}
