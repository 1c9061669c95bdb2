import { describe, expect, it } from 'vitest';
import { shardOf } from '../../../../src/cli/flags/options/shard-option.ts';
import { UsageError } from '../../../../src/cli/flags/usage-error.ts';

interface Case {
  readonly shard?: string;
  readonly count?: string;
  readonly env?: Readonly<Record<string, string>>;
}

function shard({ shard, count, env = {} }: Case) {
  return shardOf({ shard, shardCount: count }, env);
}

const KUBERNETES = { JOB_COMPLETION_INDEX: '1' };
const CLOUD_RUN = { CLOUD_RUN_TASK_INDEX: '2', CLOUD_RUN_TASK_COUNT: '3' };

describe('the shard of a run', () => {
  it.each<[Case, object | undefined]>([
    [{}, undefined],
    [{ env: { JOB_COMPLETION_INDEX: '' } }, undefined],
    [{ shard: '0/1' }, { index: 0, count: 1 }],
    [{ shard: '2/3' }, { index: 2, count: 3 }],
    [
      { shard: '2/3', count: '3' },
      { index: 2, count: 3 },
    ],
    [{ env: CLOUD_RUN }, { index: 2, count: 3 }],
    [
      { env: CLOUD_RUN, count: '3' },
      { index: 2, count: 3 },
    ],
    [
      { env: KUBERNETES, count: '8' },
      { index: 1, count: 8 },
    ],
    [{ env: { ...CLOUD_RUN, JOB_COMPLETION_INDEX: '2' } }, { index: 2, count: 3 }],
  ])('of %j is %j', (given, expected) => expect(shard(given)).toEqual(expected));

  it('is what the flag says, whatever the environment says', () => {
    expect(shard({ shard: '0/8', env: { ...CLOUD_RUN, JOB_COMPLETION_INDEX: 'x' } })).toEqual({
      index: 0,
      count: 8,
    });
  });

  it.each<[Case, RegExp]>([
    [{ shard: '' }, /-shard is INDEX\/COUNT, as in 0\/3.*not ""/],
    [{ shard: '1' }, /-shard is INDEX\/COUNT.*not "1"/],
    [{ shard: '-1/3' }, /not "-1\/3"/],
    [{ shard: '1/3/5' }, /not "1\/3\/5"/],
    [
      { shard: '3/3' },
      /^-shard=3\/3 is not one of the 3 shards, which are 0 to 2, of that COUNT: give an INDEX below it$/,
    ],
    [{ shard: '1/1' }, /^-shard=1\/1 is not one of the one shard, which is 0, of that COUNT: /],
    [{ shard: '0/0' }, /^-shard=0\/0: its COUNT is at least 1, as in 0\/1$/],
    [
      { shard: '0/3', count: '0' },
      /^-shard-count says how many shards there are: a whole number from 1 to 999999, not "0"/,
    ],
    [{ shard: '1/3', count: '4' }, /-shard=1\/3 and -shard-count=4 contradict each other/],
    [{ count: '3' }, /-shard-count=3 says how many.*-shard=INDEX\/3, or set JOB_COMPLETION_INDEX/],
    ...['0', '-1', 'three', '1000000', ' 3'].flatMap<[Case, RegExp]>((count) => [
      [
        { count },
        RegExp(
          `^-shard-count says how many shards there are: a whole number from 1 to 999999, not "${count}": ` +
            'give the number of tasks of the job, or leave it out$',
        ),
      ],
      [
        { env: { CLOUD_RUN_TASK_INDEX: '0', CLOUD_RUN_TASK_COUNT: count } },
        RegExp(
          `^CLOUD_RUN_TASK_COUNT says how many shards there are: a whole number from 1 to 999999, not "${count}": ` +
            'correct it, or give -shard=INDEX/COUNT, which wins over it$',
        ),
      ],
    ]),
    [{ count: '0', env: KUBERNETES }, /^-shard-count says how many .* not "0"/],
    [{ env: KUBERNETES }, /JOB_COMPLETION_INDEX=1 says which.*-shard-count=N, or -shard=0\/1/],
    [{ env: { CLOUD_RUN_TASK_COUNT: '3' } }, /CLOUD_RUN_TASK_COUNT=3 says how many/],
    [
      { env: { JOB_COMPLETION_INDEX: '-1' }, count: '3' },
      /^JOB_COMPLETION_INDEX says which shard this is: a whole number from 0 to 999999, not "-1": correct it, or/,
    ],
    [
      { env: KUBERNETES, count: '1' },
      /^JOB_COMPLETION_INDEX=1 is not one of the one shard, which is 0, of -shard-count=1: /,
    ],
    [
      { env: { CLOUD_RUN_TASK_INDEX: '5', CLOUD_RUN_TASK_COUNT: '3' } },
      /^CLOUD_RUN_TASK_INDEX=5 is not one of the 3 shards, which are 0 to 2, of CLOUD_RUN_TASK_COUNT=3: set the count to the number of tasks of the job$/,
    ],
    [
      { env: { ...CLOUD_RUN, ...KUBERNETES } },
      /JOB_COMPLETION_INDEX=1 and CLOUD_RUN_TASK_INDEX=2 contradict each other/,
    ],
    [{ env: CLOUD_RUN, count: '4' }, /-shard-count=4 and CLOUD_RUN_TASK_COUNT=3 contradict each other/],
  ])('is refused in words where it makes no sense: %j', (given, words) => {
    expect(() => shard(given)).toThrow(UsageError);
    expect(() => shard(given)).toThrow(words);
  });
});
