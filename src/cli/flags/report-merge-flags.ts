/** The flags that `report merge` takes. */
export const MERGE_FLAGS = ['report', 'report-markdown', 'allow-lost', 'log-level', 'log-format'] as const;
