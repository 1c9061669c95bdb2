import { z } from 'zod';
import { eventsOf, type ParsedMessage } from './registry-event.ts';

/** @see https://docs.projectquay.io/use_quay.html#repository-events */
export const QuayNotification = z.object({
  /** `quay.io/namespace/repository`. */
  docker_url: z.string(),
  updated_tags: z.array(z.string()),
});

/** The tags that were pushed. Quay reports no digests and no deletions. */
export function parseQuay({
  docker_url: repository,
  updated_tags: tags,
}: z.infer<typeof QuayNotification>): ParsedMessage {
  return eventsOf(
    ...tags.map((tag) => ({
      action: 'insert' as const,
      repository,
      digest: '',
      tag,
      isWholeRegistry: true,
      lacksDigest: true as const,
    })),
  );
}
