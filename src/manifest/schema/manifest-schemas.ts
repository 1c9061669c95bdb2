/** A JSON schema, as editors read it. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** The files that have a schema. */
export const SCHEMA_NAMES = ['manifest', 'promoter-manifest', 'images'] as const;
export type SchemaName = (typeof SCHEMA_NAMES)[number];

const DRAFT = 'http://json-schema.org/draft-07/schema#';

const TAGS = {
  description: 'Tags of the digest; none promotes it by digest alone.',
  type: ['array', 'null'],
  items: { type: ['string', 'number', 'boolean'], pattern: '^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$' },
};

const IMAGE = {
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: {
    name: {
      description: 'Path of the image below the source and below each destination.',
      type: ['string', 'number', 'boolean'],
      pattern: '^[a-z0-9]+([._/-]+[a-z0-9]+)*$',
      maxLength: 255,
    },
    dmap: {
      description: 'Tags by digest.',
      type: ['object', 'null'],
      propertyNames: { pattern: '^sha256:[0-9a-f]{64}$' },
      additionalProperties: TAGS,
    },
  },
};

const IMAGES = { type: ['array', 'null'], items: IMAGE };

const REGISTRY = {
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: {
    name: {
      description: 'HOST[:PORT] or HOST[:PORT]/PATH, without a scheme.',
      type: 'string',
      pattern: '^(localhost|[^/]*[.:][^/]*)(/[a-z0-9]+([._/-]+[a-z0-9]+)*)?$',
    },
    src: {
      description: 'True for the source; exactly one registry is.',
      type: ['boolean', 'string', 'null'],
      pattern: '^([yY]|[yY]es|YES|[nN]|[nN]o|NO|[oO]n|ON|[oO]ff|OFF)$',
    },
    'service-account': { description: 'Google service account.', type: ['string', 'null'] },
  },
};

const REGISTRIES = {
  description: 'One source and its destinations.',
  type: 'array',
  minItems: 1,
  items: REGISTRY,
};

const TEXTS = { type: ['array', 'null'], items: { type: 'string', pattern: '\\S' } };

const MODE = {
  description: 'off: not evaluated; warn: violations are reported; require: they block the images.',
  // editors read a plain `off` as false
  enum: ['off', 'warn', 'require', false, null],
};

const SIGNERS = {
  description:
    'sigstore::ISSUER::IDENTITY, sigstore(identityMatch=regex)::ISSUER::EXPRESSION or key::BASE64.',
  type: ['array', 'null'],
  items: {
    type: 'string',
    pattern: '^\\s*(sigstore(\\([^()]*\\))?::[\\s\\S]+::[\\s\\S]+|key::[\\s\\S]+)$',
  },
};

const SIGNATURES = {
  description: 'Who has to have signed the images of this source.',
  type: ['object', 'null'],
  additionalProperties: false,
  properties: { mode: MODE, signers: SIGNERS },
};

const BUILDER = {
  type: 'object',
  required: ['id', 'level'],
  additionalProperties: false,
  properties: {
    id: { description: 'As provenance names it. Without @, it is the builder at any ref.', type: 'string' },
    level: { description: 'The SLSA build level that it reaches.', enum: [1, 2, 3, '1', '2', '3'] },
    signers: { ...SIGNERS, description: 'The signers of the policy that may claim it.' },
  },
};

const REQUIRED_LEVEL = { enum: [2, 3, '2', '3', null] };

const PROVENANCE = {
  description: 'The SLSA provenance that the images of this source need.',
  type: ['object', 'null'],
  additionalProperties: false,
  properties: {
    mode: MODE,
    signers: SIGNERS,
    builders: { type: ['array', 'null'], items: BUILDER },
    sources: { ...TEXTS, description: 'Repositories that images may be built from, without a ref.' },
    predicateTypes: { ...TEXTS, description: 'Further attestations that each image needs.' },
    level: { ...REQUIRED_LEVEL, description: 'The SLSA build level that provenance has to reach.' },
    levels: {
      description: 'Levels of single images.',
      type: ['array', 'null'],
      items: {
        type: 'object',
        required: ['images', 'level'],
        additionalProperties: false,
        properties: { images: { ...TEXTS, minItems: 1 }, level: REQUIRED_LEVEL },
      },
    },
  },
};

function manifest(title: string, properties: JsonSchema): JsonSchema {
  return {
    $schema: DRAFT,
    title,
    type: 'object',
    required: ['registries'],
    additionalProperties: false,
    properties: { registries: REGISTRIES, ...properties, signatures: SIGNATURES, provenance: PROVENANCE },
  };
}

/** The schemas of plain manifests, of thin ones, and of lists of images. */
export const MANIFEST_SCHEMAS: Readonly<Record<SchemaName, JsonSchema>> = {
  manifest: manifest('Plain promoter manifest', { images: IMAGES }),
  'promoter-manifest': manifest('Thin promoter manifest', { imagesPath: {} }),
  images: { $schema: DRAFT, title: 'List of images of a thin promoter manifest', ...IMAGES },
};

/** The text of a schema file. */
export function renderSchema(name: SchemaName): string {
  return `${JSON.stringify(MANIFEST_SCHEMAS[name], null, 2)}\n`;
}
