export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

/** A log for people and machines. Messages are static, data goes in fields; secrets go in neither. */
export interface Log {
  write(level: LogLevel, message: string, fields?: Readonly<Record<string, string | number | boolean>>): void;
}
