import { z } from 'zod';
import { eventsOf, type ParsedMessage, type RegistryEvent, splitReference } from './registry-event.ts';

const EventData = z.object({
  resources: z
    .array(
      z.object({
        digest: z.string().default(''),
        tag: z.string().default(''),
        /** `host/project/repository:tag`, or with `@sha256:…`. */
        resource_url: z.string().default(''),
      }),
    )
    .default([]),
});

/** @see https://goharbor.io/docs/latest/working-with-projects/project-configuration/configure-webhooks/ */
export const HarborNotification = z.object({ type: z.string(), event_data: EventData });

/** Harbor's notification in CloudEvents format, without its envelope. */
export const HarborData = EventData;

const ACTIONS: Readonly<Record<string, RegistryEvent['action']>> = {
  PUSH_ARTIFACT: 'insert',
  DELETE_ARTIFACT: 'delete',
  'harbor.artifact.pushed': 'insert',
  'harbor.artifact.deleted': 'delete',
};

/** The artifacts that were pushed or deleted. Other notifications have no events. */
export function parseHarbor(type: string, { resources }: z.infer<typeof EventData>): ParsedMessage {
  const action = ACTIONS[type];
  if (action === undefined) return eventsOf();
  return eventsOf(
    ...resources.map(({ digest, tag, resource_url: url }) => ({
      action,
      repository: splitReference(url.replace(/^https?:\/\//, '')).repository,
      digest,
      tag: tag === digest ? '' : tag, // the tag of an artifact without one
      isWholeRegistry: true,
    })),
  );
}
