import { CodedError } from '../../base/errors.ts';

/** Why credentials that are configured cannot be had. Never holds what is in them. */
export class DockerConfigError extends CodedError<'unreadable' | 'malformed' | 'helper-failed'> {}
