import { describe, expect, it } from 'vitest';
import { destinationSpelling } from '../../../src/checks/manifests/destination-spelling.ts';
import { checkManifests } from '../../../src/checks/run-checks.ts';
import { from } from '../../builders/manifests.ts';

/** The findings about the destinations of one project, as `line: message: advice`. */
function findingsOf(...destinations: readonly string[]): string[] {
  const manifest = from('gcr.io/staging')
    .to(...destinations)
    .promote({});
  return checkManifests([destinationSpelling], [manifest]).map(
    ({ at, message, advice }) => `${at?.line}: ${message}: ${advice}`,
  );
}

describe('destination-spelling', () => {
  it('finds the one host whose path is spelt unlike the others', () => {
    expect(
      findingsOf(
        'us.gcr.io/k8s-artifacts-prod/cluster-api-azure',
        'eu.gcr.io/k8s-artifacts-prod/cluster-api-azure',
        'asia.gcr.io/k8s-artifacts-prod/cluster-api-aure',
      ),
    ).toEqual([
      '4: destination "asia.gcr.io/k8s-artifacts-prod/cluster-api-aure" is spelt unlike the others of this project: did you mean "asia.gcr.io/k8s-artifacts-prod/cluster-api-azure"?',
    ]);
  });

  it.each([
    [
      'a folder of one host',
      ['r.io/us/cluster-api-azure', 'r.io/eu/cluster-api-azure'],
      'r.io/asia/cluster-api-aure',
    ],
    [
      'a component in the middle',
      ['a.io/k8s-artifacts-prod/app', 'b.io/k8s-artifacts-prod/app'],
      'c.io/k8s-artifact-prod/app',
    ],
    ['a letter too many', ['a.io/widgets', 'b.io/widgets'], 'c.io/widggets'],
    ['another letter', ['a.io/widgets', 'b.io/widgets'], 'c.io/widgats'],
    ['letters in the wrong order', ['a.io/prod', 'b.io/prod'], 'c.io/pord'],
    ['a dash too few', ['a.io/kube-proxy', 'b.io/kube-proxy'], 'c.io/kubeproxy'],
    [
      'two errors in a long word',
      ['a.io/security-profiles', 'b.io/security-profiles'],
      'c.io/secrity-profles',
    ],
    [
      'paths of different lengths',
      ['a.io/prod/images/widgets', 'b.io/prod/images/widgets'],
      'c.io/prod/widgts',
    ],
    [
      'a host with a port',
      ['127.0.0.1:5000/us/widgets', '127.0.0.1:5000/eu/widgets'],
      '127.0.0.1:5000/asia/wigdets',
    ],
    ['one of two', ['a.io/prod/widgets'], 'b.io/prod/widgts'],
  ])('finds %s', (_what, usual, odd) => {
    expect(findingsOf(...usual, odd)).toEqual([expect.stringContaining(`destination "${odd}"`)]);
  });

  it('finds each of two misspelt destinations', () => {
    const findings = findingsOf(
      'a.io/widgets',
      'b.io/widgts',
      'c.io/widgets',
      'd.io/widgetss',
      'e.io/widgets',
    );
    expect(findings.map((finding) => finding.slice(0, 2))).toEqual(['3:', '5:']);
  });

  it.each([
    ['one destination', ['a.io/widgets']],
    ['the same path everywhere', ['a.io/widgets', 'b.io/widgets', 'c.io/widgets']],
    ['two folders of every host', ['a.io/widget', 'a.io/widgets', 'b.io/widget', 'b.io/widgets']],
    ['a second folder of one host', ['a.io/widgets', 'b.io/widgets', 'b.io/widget']],
    ['names that differ by a number', ['a.io/widgets1', 'b.io/widgets1', 'c.io/widgets2']],
    ['different words', ['a.io/prod/etcd', 'b.io/prod/etcd', 'c.io/prod/coredns']],
    ['short words', ['a.io/us/app', 'b.io/us/app', 'c.io/eu/app']],
    ['regions in the path', ['a.io/images-us/app', 'b.io/images-eu/app', 'c.io/images-asia/app']],
    ['a name that begins like another one', ['a.io/operator', 'b.io/operator', 'c.io/operator-bundle']],
    ['hosts alone', ['a.io', 'b.io', 'aa.io']],
    ['another folder above', ['a.io/prod/app', 'b.io/production/app', 'c.io/prod/app']],
  ])('has nothing to say about %s', (_what, destinations) => {
    expect(findingsOf(...destinations)).toEqual([]);
  });

  it('does not report a project with very many names', () => {
    const names = Array.from({ length: 500 }, (_, number) => `h${number}.io/${number.toString(26)}-widgets`);
    expect(findingsOf(...names)).toEqual([]);
  });
});
