import { CodedError } from '../../base/errors.ts';
import type { AddressClass } from './address-policy.ts';

/**
 * - `forbidden` an address that never gets a request
 * - `too-near`  a response of a registry led to an address that is nearer than the registry itself
 */
export type AddressErrorCode = 'forbidden' | 'too-near';

/** A connection that was refused because of its address. */
export class AddressError extends CodedError<AddressErrorCode> {
  constructor(
    hostname: string,
    { address, found }: { readonly address: string; readonly found: AddressClass },
  ) {
    const named = hostname === address || hostname === `[${address}]` ? address : `${hostname} (${address})`;
    const code = found === 'forbidden' ? 'forbidden' : 'too-near';
    super(code, `refused to connect to ${named}: ${REASONS[found]}`);
  }
}

const REASONS: Readonly<Record<AddressClass, string>> = {
  forbidden: 'a link-local, metadata or unusable address, which no registry has',
  loopback: 'a loopback address, and the registry that leads there is not at one',
  private: 'a private address, and the registry that leads there is at a public one',
  public: 'a public address',
};
