// Direction of imports: one table, and the rules that are made of it. `npm run imports` checks them.
//
// A row is a folder of src/. A row that ends with `/*` stands for every folder below: each imports what the row
// names, and never its neighbour. `src` names the other rows that it may import, type-only imports included.
// `touches` names what it may import from outside (`node:fs` with `node:fs/promises`; `node:*` is all of node), and
// where: ANYWHERE, as TYPES only, or in the named files or folders of the row. A module of npm stands in one row only,
// its home. The exception is zod, which parses documents.

const ANYWHERE = 'anywhere';
const TYPES = 'types';

const STAGES = ['manifest', 'edges', 'inventory', 'attachments', 'plan', 'checks', 'copy', 'sign', 'report'];

const TABLE = {
  base: { src: [], touches: { 'node:child_process': ['run-program.ts'], 'node:stream': TYPES } },
  image: { src: ['base'], touches: { 'node:crypto': ['digest.ts'] } },
  // formats of signatures and attestations: pure values, like image
  signature: { src: ['image', 'base'], touches: { re2js: ANYWHERE, 'node:crypto': ['public-keys.ts'] } },
  ports: { src: ['signature', 'image', 'base'], touches: {} },
  manifest: {
    src: ['signature', 'image', 'base'],
    touches: { 'js-yaml': ANYWHERE, 'node:path': ANYWHERE, 'node:fs': ['layout/disk.ts'] },
  },
  edges: { src: ['manifest', 'signature', 'image', 'base'], touches: {} },
  inventory: { src: ['edges', 'ports', 'signature', 'image', 'base'], touches: {} },
  plan: {
    src: ['edges', 'inventory', 'signature', 'image', 'base'],
    touches: { zod: ['plan-document.ts'], 'node:crypto': ['plan-seal.ts'] },
  },
  checks: {
    src: ['attachments', 'plan', 'edges', 'manifest', 'ports', 'signature', 'image', 'base'],
    touches: {},
  },
  // `.cip.yaml`: a section names the rules, or the flows, that it configures; whatever it configures never imports it
  settings: {
    src: ['checks', 'manifest', 'signature', 'image', 'base'],
    touches: { zod: ANYWHERE, 'node:path': ['settings-path.ts'] },
  },
  browse: { src: ['attachments', 'edges', 'ports', 'signature', 'image', 'base'], touches: {} },
  copy: {
    src: ['attachments', 'plan', 'edges', 'ports', 'signature', 'image', 'base'],
    touches: { 'p-limit': ANYWHERE },
  },
  report: {
    src: ['sign', 'copy', 'checks', 'plan', 'edges', 'signature', 'image', 'base'],
    touches: { zod: ANYWHERE, saxes: ['attached/junit.ts'] },
  },
  // what is stored beside an image: referrers and cosign's tags
  attachments: { src: ['ports', 'signature', 'image', 'base'], touches: {} },
  // signs and attests what registries hold by now
  sign: { src: ['attachments', 'copy', 'plan', 'edges', 'ports', 'signature', 'image', 'base'], touches: {} },
  'apply.ts': { src: [...STAGES, 'ports', 'signature', 'image', 'base'], touches: {} },
  'promote.ts': { src: ['apply.ts', ...STAGES, 'ports', 'signature', 'image', 'base'], touches: {} },
  'workflows/*': {
    src: [...STAGES, 'browse', 'ports', 'signature', 'image', 'base'],
    touches: { 'p-limit': ANYWHERE, semver: ['mm/', 'review/'], zod: ['audit/'] },
  },
  // a service: it listens, so it is no workflow, and it judges by manifests and the content of registries alone
  auditor: {
    src: ['edges', 'manifest', 'ports', 'signature', 'image', 'base'],
    touches: { zod: ['events/'], 'node:http': ['server/'], 'node:crypto': ['server/authorizer.ts'] },
  },
  http: {
    src: ['ports', 'signature', 'image', 'base'],
    touches: { 'node:*': ANYWHERE, 'p-limit': ANYWHERE },
  },
  'adapters/*': {
    src: ['http', 'ports', 'signature', 'image', 'base'],
    touches: {
      'node:*': ANYWHERE,
      '@sigstore/verify': ['sigstore/'],
      '@sigstore/bundle': TYPES,
      '@sigstore/protobuf-specs': ['sigstore/'],
      '@sigstore/tuf': ['sigstore/verify/shipped-root.ts'],
      'tuf-js': ['sigstore/verify/'],
      '@noble/ciphers': ['sigstore/sign/keys/cosign-key.ts'],
      'google-auth-library': ['google/'],
      '@google-cloud/artifact-registry': ['google/artifact-registry-client.ts'],
    },
  },
  'embedded-registry': {
    src: ['image', 'base'],
    touches: { 'node:http': ANYWHERE, 'node:net': ANYWHERE, 'node:stream': ANYWHERE, 'node:url': ANYWHERE },
  },
  cli: {
    src: [
      ...STAGES,
      'apply.ts',
      'promote.ts',
      'settings',
      'browse',
      'workflows/*',
      'auditor',
      'http',
      'adapters/*',
      'embedded-registry',
      'ports',
      'signature',
      'image',
      'base',
    ],
    touches: { 'node:*': ANYWHERE, commander: ANYWHERE },
  },
};

const OUTSIDE = [
  'core',
  'npm',
  'npm-dev',
  'npm-optional',
  'npm-peer',
  'npm-bundled',
  'npm-no-pkg',
  'npm-unknown',
];

const GENERAL_RULES = [
  rule('resolvable', 'an import leads to a file or a module that is there', {
    from: {},
    to: { couldNotResolve: true },
  }),
  rule('no-cycles', 'imports never lead back to where they began, type-only ones included', {
    from: {},
    to: { circular: true },
  }),
  rule(
    'google-libraries-lazily',
    'libraries of Google are large: they are loaded by `await import()` where they are needed',
    {
      from: { path: '^src/' },
      to: {
        path: ['google-auth-library', '@google-cloud'].map(moduleOf),
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
  ),
  rule('no-orphans', 'a file imports something or is imported: otherwise nobody needs it', {
    from: { orphan: true, pathNot: '[.]d[.]ts$' }, // the compiler reads declarations without an import
    to: {},
  }),
  rule('every-folder-in-the-table', 'a folder of src/ has a row in the table of .dependency-cruiser.cjs', {
    from: { path: '^src/', pathNot: Object.keys(TABLE).map(placeOf) },
    to: {},
  }),
  rule('bin-imports', 'bin/ imports bin/ and node only', {
    from: { path: '^bin/' },
    to: { pathNot: '^bin/', dependencyTypesNot: ['core'] },
  }),
];

module.exports = {
  forbidden: [...GENERAL_RULES, ...Object.entries(TABLE).flatMap(([row, may]) => rulesOfRow(row, may))],
  options: {
    tsPreCompilationDeps: true, // an import of a type is a dependency too
    doNotFollow: { path: ['(^|/)node_modules/', '(^|/)dist/'] },
  },
};

function rulesOfRow(row, may) {
  const name = row.replace('/*', '').replace('.ts', '');
  return [
    ...apartRules(row, name),
    importsRule(row, name, may.src),
    touchesRule(row, name, Object.keys(may.touches)),
    ...Object.entries(may.touches).flatMap(([module, where]) => whereRules(row, name, { module, where })),
  ];
}

function apartRules(row, name) {
  if (!row.endsWith('/*')) return [];
  return [
    rule(`${name}-apart`, `one of ${name}/ never imports another of ${name}/`, {
      from: { path: placeOf(row) },
      to: { path: `^src/${name}/`, pathNot: [`^src/${name}/$1/`] },
    }),
  ];
}

function importsRule(row, name, src) {
  const allowed = src.length === 0 ? 'nothing else' : `${src.join(', ')} only`;
  return rule(`${name}-imports`, `${row} imports from src/: itself and ${allowed}`, {
    from: { path: placeOf(row) },
    to: { path: '^src/', pathNot: [ownPlaceOf(row), ...src.map(placeOf)] },
  });
}

function touchesRule(row, name, modules) {
  const allowed = modules.length === 0 ? 'nothing' : `${modules.join(', ')} only`;
  return rule(`${name}-touches`, `${row} imports from node and npm: ${allowed}`, {
    from: { path: placeOf(row) },
    to: modules.includes('node:*')
      ? { dependencyTypes: OUTSIDE.filter((type) => type !== 'core'), pathNot: modules.map(moduleOf) }
      : { dependencyTypes: OUTSIDE, pathNot: modules.map(moduleOf) },
  });
}

function whereRules(row, name, { module, where }) {
  if (where === ANYWHERE) return [];
  if (where === TYPES) {
    return [
      rule(`${name}-touches-${module}-as-types`, `${row} imports only types from ${module}`, {
        from: { path: placeOf(row) },
        to: { path: moduleOf(module), dependencyTypesNot: ['type-only'] },
      }),
    ];
  }
  const homes = where.map((place) => `^src/${escape(`${name}/${place}`)}${place.endsWith('/') ? '' : '$'}`);
  return [
    rule(`${name}-touches-${module}-in-one-place`, `${row} imports ${module} in ${where.join(', ')} only`, {
      from: { path: placeOf(row), pathNot: homes },
      to: { path: moduleOf(module) },
    }),
  ];
}

/** The pattern of the files of a row. That of `x/*` captures the folder's name. */
function placeOf(row) {
  if (row.endsWith('.ts')) return `^src/${escape(row)}$`;
  return row.endsWith('/*') ? `^src/${escape(row.slice(0, -2))}/([^/]+)/` : `^src/${escape(row)}/`;
}

/** What a row always may import; with `x/*` that is its neighbours too, which have a rule of their own. */
function ownPlaceOf(row) {
  return row.endsWith('/*') ? `^src/${escape(row.slice(0, -2))}/` : placeOf(row);
}

/** The pattern of a module: node's own ones resolve to their bare names. */
function moduleOf(module) {
  if (module === 'node:*') return '^$';
  if (module.startsWith('node:')) return `^(node:)?${escape(module.slice('node:'.length))}(/|$)`;
  return `(^|/)node_modules/(@types/)?${escape(module)}/`;
}

function rule(name, comment, { from, to }) {
  return { name, comment, severity: 'error', from, to };
}

function escape(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
