import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatReference } from '../../src/image/reference.ts';
import type { PlanItem } from '../../src/plan/plan.ts';
import { sortItems } from '../../src/plan/sort-items.ts';
import { digest, repository, tag } from '../builders/manifests.ts';
import { runs } from '../builders/property-runs.ts';

/** Names of which one begins with another, and goes on with each character that a name may have. */
const NAMES = ['app', 'app-x', 'app.x', 'app/x', 'app0', 'app_x', 'appx', 'app/x-y', 'ap'];
const HOSTS = ['p.io', 'p.io:5000', 'p.io:80', 'p-x.io'];
const TAGS = [undefined, 'v1', 'v1-x', 'v10', 'V1', '_v'];

const itemArbitrary = fc
  .record({
    host: fc.constantFrom(...HOSTS),
    name: fc.constantFrom(...NAMES),
    text: fc.constantFrom(...TAGS),
    digit: fc.constantFrom('a', 'b', 'c'),
  })
  .map(
    ({ host, name, text, digit }): PlanItem => ({
      decision: 'lost',
      destination: repository(`${host}/${name}`),
      tag: text === undefined ? undefined : tag(text),
      digest: digest(digit),
      sources: [],
      at: [],
    }),
  );

function written({ destination, tag, digest }: PlanItem): string {
  return `${formatReference(destination, tag ?? digest)} ${digest}`;
}

describe('items', () => {
  it('are in the order of their destinations as they are written, those of one by digest', () => {
    fc.assert(
      fc.property(fc.array(itemArbitrary, { maxLength: 40 }), (items) => {
        expect(sortItems(items).map(written)).toEqual(items.map(written).toSorted());
      }),
      runs({ seed: 31, numRuns: 300 }),
    );
  });
});
