import type { Attachment } from '../attachments/attachment.ts';
import type { AttachmentFinder } from '../attachments/attachment-finder.ts';
import { readAttachment } from '../attachments/read-attachment.ts';
import { readSignatures } from '../attachments/read-signatures.ts';
import type { Digest } from '../image/digest.ts';
import type { RawManifest } from '../image/oci-manifest.ts';
import type { Repository } from '../image/repository.ts';
import type { BrowseRegistry, WriteRegistry } from '../ports/registry.ts';
import type { StoredSignature } from '../signature/stored-signature.ts';
import { describe } from './bundle-referrer.ts';

// placeholder
