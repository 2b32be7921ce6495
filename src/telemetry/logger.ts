import { createRequire } from "node:module";

import type * as pino from "pino";

import type { LogLevel } from "../core/log-level.ts";

/** At once, unlike `import`, for the first line there is: a report has none, and pino is a sixth of what it would load. */
const load = createRequire(import.meta.url);

export const logFormats = ["logfmt", "json"] as const;

export type LogFormat = (typeof logFormats)[number];
type Fields = Readonly<Record<string, unknown>>;

/** Static messages, values in fields. */
export interface Logger {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** From now on. */
  setLevel(level: LogLevel): void;
}

/** One line per event: logfmt as Prometheus writes it, or JSON. */
export function createLogger(level: LogLevel, format: LogFormat, write: (line: string) => void): Logger {
  let current = level;
  let logger: pino.Logger | undefined;
  const log =
    (at: LogLevel) =>
    (message: string, fields: Fields = {}): void => {
      logger ??= openPino(current, format, write);
      logger[at](fields, message);
    };
  return {
    debug: log("debug"),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    setLevel(next) {
      current = next;
      if (logger !== undefined) logger.level = next;
    },
  };
}

function openPino(level: LogLevel, format: LogFormat, write: (line: string) => void): pino.Logger {
  const { pino: open, stdTimeFunctions } = load("pino") as typeof pino;
  const destination = format === "json" ? { write } : { write: (line: string) => write(toLogfmt(line)) };
  return open(
    {
      level,
      base: null,
      messageKey: "msg",
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}

/** Rewrites one line of pino's JSON as logfmt, the message behind time and level as in Prometheus. */
function toLogfmt(line: string): string {
  const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const pairs = Object.entries({ ts: time, level, msg, ...fields });
  return `${pairs.map(([key, value]) => `${key}=${formatValue(value)}`).join(" ")}\n`;
}

function formatValue(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value) ?? "null";
  // What could break the line, or drive a terminal, stands quoted and escaped.
  return /^[\w.,:;/@+\-[\]()%&?*<>~$!|^#]+$/.test(value) ? value : JSON.stringify(value);
}
