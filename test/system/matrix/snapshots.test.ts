import { describeClasses } from './describe-classes.ts';
import type { TroubledRequest } from './request-classes.ts';
import { snapshotScenario } from './snapshot-scenario.ts';

const onVictim = { side: 'source', method: 'GET', bytes: 0 } as const;

const CLASSES: readonly TroubledRequest[] = [
  { ...onVictim, name: 'listing', path: /^\/v2\/staging\/victim\/tags\/list/, brings: 'a document' },
  {
    ...onVictim,
    name: 'HEAD manifest',
    method: 'HEAD',
    path: /^\/v2\/staging\/victim\/manifests\//,
    brings: 'a word',
  },
  { ...onVictim, name: 'GET index', path: /^\/v2\/staging\/victim\/manifests\//, brings: 'content' },
  { ...onVictim, name: 'referrers', path: /^\/v2\/staging\/victim\/referrers\//, brings: 'digests' },
];

describeClasses(snapshotScenario(CLASSES));
