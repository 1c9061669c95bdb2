import { z } from 'zod';
import { isManifestType } from '../../image/media-types.ts';
import { eventsOf, type ParsedMessage, type RegistryEvent } from './registry-event.ts';

const Event = z.object({
  action: z.string(),
  target: z
    .object({
      mediaType: z.string().default(''),
      digest: z.string().default(''),
      repository: z.string().default(''),
      tag: z.string().default(''),
      url: z.string().default(''),
    })
    .prefault({}),
  request: z.object({ host: z.string().default('') }).prefault({}),
  source: z.object({ addr: z.string().default('') }).prefault({}),
});

/**
 * The notifications of distribution: several events in one request.
 *
 * @see https://distribution.github.io/distribution/about/notifications/
 */
export const DistributionEnvelope = z.object({ events: z.array(Event) });

/** The writes of manifests and the deletions among the events of an envelope; pulls and blobs are left out. */
export function parseDistribution({ events }: z.infer<typeof DistributionEnvelope>): ParsedMessage {
  return eventsOf(...events.flatMap(parseEvent));
}

function parseEvent({ action, target, request, source }: z.infer<typeof Event>): readonly RegistryEvent[] {
  const { digest, tag } = target;
  const host = request.host === '' ? source.addr : request.host;
  const change = { repository: `${host}/${target.repository}`, digest, tag, isWholeRegistry: true };
  if (action === 'delete') return [{ ...change, action }];
  const isManifest = isManifestType(target.mediaType) || target.url.includes('/manifests/');
  return action === 'push' && isManifest ? [{ ...change, action: 'insert' }] : [];
}
