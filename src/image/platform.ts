import type { JsonObject } from '../base/json.ts';

/** Variants that are the default of their architecture: indexes name them, configs of images often do not. */
const DEFAULT_VARIANTS: ReadonlySet<string> = new Set(['amd64/v1', 'arm64/v8']);

/**
 * The name of a platform by the fields of an index or an image config: `linux/amd64`, `linux/arm/v7`. An image of Windows
 * runs on one version, so the version is part of the name. Undefined without an operating system or an architecture.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md#platform-object
 */
export function formatPlatform({
  os,
  architecture,
  variant,
  'os.version': version,
}: JsonObject): string | undefined {
  if (!isName(os) || !isName(architecture)) return undefined;
  const isDefault = DEFAULT_VARIANTS.has(`${architecture}/${String(variant)}`);
  return [os, architecture, isDefault ? '' : variant, version].filter(isName).join('/');
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
