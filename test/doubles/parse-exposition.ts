/** A metric of an exposition: its type, its help, and its samples by labels (`host="a",decision="copy"`). */
export interface ParsedMetric {
  readonly type: string;
  readonly help: string;
  readonly samples: ReadonlyMap<string, number>;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const COMMENT = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
/** One label, its value with the three escapes of the format alone. */
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/;
const TYPES = new Set(['counter', 'gauge']);

/**
 * Parses the text format 0.0.4 strictly: HELP, TYPE and samples of a metric in this order and together, no metric and no
 * sample twice, counters end with `_total`, and the text ends with a newline. Throws for anything else.
 */
export function parseExposition(text: string): ReadonlyMap<string, ParsedMetric> {
  if (!text.endsWith('\n')) throw new Error('the last line has no newline');
  const metrics = new Map<string, { type: string; help: string; samples: Map<string, number> }>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    const [, keyword, commented = '', rest = ''] = COMMENT.exec(line) ?? [];
    if (keyword === 'HELP') {
      if (metrics.has(commented)) throw new Error(`a second ${commented}`);
      metrics.set(commented, { type: '', help: rest, samples: new Map() });
      current = commented;
      continue;
    }
    const metric = metrics.get(current);
    if (metric === undefined) throw new Error(`before any HELP: ${line}`);
    if (keyword === 'TYPE') {
      if (commented !== current || metric.type !== '' || !TYPES.has(rest)) throw new Error(`wrong: ${line}`);
      if ((rest === 'counter') !== current.endsWith('_total'))
        throw new Error(`misnamed counter: ${current}`);
      metric.type = rest;
      continue;
    }
    const [, name, labels = '', value = ''] = SAMPLE.exec(line) ?? [];
    if (name !== current || metric.type === '') throw new Error(`not a sample of ${current}: ${line}`);
    checkLabels(labels, line);
    if (metric.samples.has(labels)) throw new Error(`a second sample: ${line}`);
    if (value === '' || !Number.isFinite(Number(value))) throw new Error(`no number: ${line}`);
    metric.samples.set(labels, Number(value));
  }
  for (const [name, { samples }] of metrics) if (samples.size === 0) throw new Error(`no sample of ${name}`);
  return metrics;
}

/** The sum of the samples whose labels hold all of these. Throws where there is no such sample. */
export function sumOf(
  metrics: ReadonlyMap<string, ParsedMetric>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const found = Array.from(metrics.get(name)?.samples ?? []).filter(([key]) =>
    wanted.every((pair) => key.split(/,(?=[a-z]+=")/).includes(pair)),
  );
  if (found.length === 0) throw new Error(`no sample of ${name} with ${wanted.join(',')}`);
  return found.reduce((sum, [, value]) => sum + value, 0);
}

function checkLabels(labels: string, line: string): void {
  const seen = new Set<string>();
  for (let rest = labels; rest !== ''; ) {
    const [whole = '', name = ''] = LABEL.exec(rest) ?? [];
    if (whole === '' || seen.has(name)) throw new Error(`wrong labels: ${line}`);
    seen.add(name);
    rest = rest.slice(whole.length);
  }
}
