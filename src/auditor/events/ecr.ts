import { z } from 'zod';
import { eventsOf, type ParsedMessage } from './registry-event.ts';

/** @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html */
export const EcrEvent = z.object({
  source: z.literal('aws.ecr'),
  'detail-type': z.string(),
  account: z.string(),
  region: z.string(),
  detail: z.object({
    result: z.string().default(''),
    'repository-name': z.string().default(''),
    'image-digest': z.string().default(''),
    'action-type': z.string().default(''),
    'image-tag': z.string().default(''),
  }),
});

/** The image that was pushed or deleted. Failed attempts and scans have no events. */
export function parseEcr(event: z.infer<typeof EcrEvent>): ParsedMessage {
  const { account, region, detail } = event;
  const isChange = detail['action-type'] === 'PUSH' || detail['action-type'] === 'DELETE';
  if (event['detail-type'] !== 'ECR Image Action' || detail.result !== 'SUCCESS' || !isChange)
    return eventsOf();
  const suffix = region.startsWith('cn-') ? '.cn' : '';
  return eventsOf({
    action: detail['action-type'] === 'PUSH' ? 'insert' : 'delete',
    repository: `${account}.dkr.ecr.${region}.amazonaws.com${suffix}/${detail['repository-name']}`,
    digest: detail['image-digest'],
    tag: detail['image-tag'],
    isWholeRegistry: true,
  });
}
