import { expect } from 'vitest';
import { NO_EXPECTED_DIGESTS } from '../../../src/browse/repository-content.ts';
import { walkRegistry } from '../../../src/browse/walk-registry.ts';
import { BrowseWarnings } from '../../../src/cli/browse/browse-warnings.ts';
import type { SnapshotImage } from '../../../src/image/snapshot-image.ts';
import { NO_API } from '../../browse/walking.ts';
import { artifact, image, index, push } from '../../builders/images.ts';
import { registryName } from '../../builders/manifests.ts';
import { RecordingProgress } from '../../doubles/recording-progress.ts';
import { expectEnd } from './checks.ts';
import type { Scenario } from './describe-classes.ts';
import { type Cell, expectedOf, saysThatThereIsNone } from './expectations.ts';
import type { TroubledRequest } from './request-classes.ts';
import { type Hosts, play, type Stage, type StagePlan, type Traces } from './stage.ts';

export interface SnapshotRun extends Traces {
  /** `name@digest`, with its tags. */
  readonly seen: ReadonlyMap<string, readonly string[]>;
  readonly exitCode: number;
}

const VICTIM = index({ children: [image({ seed: 'snapshot child', layers: 1 })] });
/** Only the list of referrers leads to it. */
const SIGNATURE = artifact('snapshot signature', { subject: VICTIM });
/** What faults are not done to. */
const NEIGHBOUR = image({ seed: 'snapshot neighbour', layers: 1 });

const VICTIM_KEY = `victim@${VICTIM.manifest.digest}`;
const SIGNATURE_KEY = `victim@${SIGNATURE.manifest.digest}`;

/** `cip -snapshot` of a registry that lists tags: everything else is found by following them. */
export function snapshotScenario(
  classes: readonly TroubledRequest[],
): Scenario<TroubledRequest, SnapshotRun> {
  return {
    classes,
    run: runSnapshotScene,
    expectWhole: ({ seen, exitCode }) => {
      expect(exitCode).toBe(0);
      expect(seen.has(SIGNATURE_KEY)).toBe(true);
      expect(seen.size).toBe(4);
    },
    expectRight,
  };
}

function expectRight(run: SnapshotRun, cell: Cell<TroubledRequest>, baseline: SnapshotRun): void {
  expectEnd(run);
  for (const [name, tags] of run.seen) expect(tags, name).toEqual(baseline.seen.get(name));
  const neighbour = `neighbour@${NEIGHBOUR.manifest.digest}`;
  expect(run.seen.has(neighbour), neighbour).toBe(true);
  if (run.seen.has(VICTIM_KEY) && !mayHideReferrers(cell)) {
    expect(run.seen.has(SIGNATURE_KEY), 'an image without its signature').toBe(true);
  }
  const expected = expectedOf(cell);
  if (expected === 'either') return;
  expect(run.exitCode).toBe(expected === 'succeeds' ? 0 : 1);
  // what cannot be read is left out as a whole: half an image would look like one
  expect(run.seen.size).toBe(expected === 'succeeds' ? baseline.seen.size : 1);
}

/** An answer that says that there is no such list, or that names another digest without anybody noticing. */
function mayHideReferrers(cell: Cell<TroubledRequest>): boolean {
  return saysThatThereIsNone(cell) || cell.fault.isSubtle === true;
}

async function runSnapshotScene(makeTrouble: StagePlan['makeTrouble']): Promise<SnapshotRun> {
  const notices = new BrowseWarnings({ write: () => {} }, { absence: 'error' });
  const { result, ...traces } = await play({ fill, makeTrouble }, (stage) => readAll(stage, notices));
  const seen = result.flatMap(({ name, digests }) =>
    digests.map(({ digest, tags }) => [`${name}@${digest}`, tags] as const),
  );
  return { seen: new Map(seen), exitCode: notices.incomplete ? 1 : 0, ...traces };
}

function fill({ source }: Hosts): void {
  push(source, 'staging/victim', VICTIM, 'v1');
  push(source, 'staging/victim', SIGNATURE);
  push(source, 'staging/neighbour', NEIGHBOUR, 'v1');
}

async function readAll({ hosts, client, never }: Stage, notices: BrowseWarnings): Promise<SnapshotImage[]> {
  const request = {
    registry: registryName(`${hosts.source.host}/staging`),
    listed: [],
    named: [],
    tag: undefined,
    minimal: 'nothing',
    naming: 'as-snapshot',
    expected: NO_EXPECTED_DIGESTS,
  } as const;
  const ports = {
    registry: client.registry,
    whole: NO_API,
    progress: new RecordingProgress(),
    notice: notices.take,
    workers: 8,
  };
  const images: SnapshotImage[] = [];
  for await (const read of walkRegistry(request, ports, never)) images.push(read);
  return images;
}
