import type { Wanted } from '../edges/wanted.ts';
import { heldImages, type HeldInput, plannedImages } from './held-images.ts';
import { imagesToSign } from './images-to-sign.ts';
import { signImages, type SigningPorts, type SigningTask } from './sign-images.ts';
import type { SignedPlace, Signing } from './signing.ts';

export interface SigningInput extends Omit<HeldInput, 'scope'>, Omit<SigningTask, 'images'> {
  readonly wanted: Wanted;
}

/** Signs the wanted images that destinations have. A dry run examines them, and reports the images to copy as unsigned. */
export async function runSigning(
  input: SigningInput,
  ports: SigningPorts,
  signal: AbortSignal,
): Promise<Signing> {
  const { wanted, policy, plan, confirm } = input;
  const holds = heldImages({ ...input, scope: policy.scope });
  const images = imagesToSign(wanted, holds, policy);
  const signing = await signImages({ ...input, images }, ports, signal);
  if (confirm) return signing;
  const isPlanned = plannedImages(plan);
  const planned = imagesToSign(wanted, (...image) => isPlanned(...image) && !holds(...image), policy);
  const places = planned.flatMap(({ digest, places }) =>
    places.map(
      ({ repository }): SignedPlace => ({
        repository,
        digest,
        outcome: 'unsigned',
        missing: [],
        reason: '',
      }),
    ),
  );
  return { ...signing, places: [...signing.places, ...places] };
}
