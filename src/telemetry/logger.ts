import { createRequire } from "node:module";

import type * as pino from "pino";

import { logLevels, type LogFormat, type LogLevel } from "../core/log-level.ts";

/** At once, unlike `import`, for the first line there is: most reports have none, and pino is a sixth of what they would load. */
const require = createRequire(import.meta.url);

type Fields = Readonly<Record<string, unknown>>;

/** Static messages, values in fields. */
export interface Logger {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** From now on. */
  setLevel(level: LogLevel): void;
  /** Loads what it takes to log, which the first line would do. */
  load(): void;
}

/** One line per event: logfmt as Prometheus writes it, or JSON. */
export function createLogger(level: LogLevel, format: LogFormat, write: (line: string) => void): Logger {
  let current = level;
  let logger: pino.Logger | undefined;
  const open = (): pino.Logger => (logger ??= openPino(format, write));
  const log =
    (at: LogLevel) =>
    (message: string, fields: Fields = {}): void => {
      if (logLevels.indexOf(at) >= logLevels.indexOf(current)) open()[at](shorten(fields), message);
    };
  return {
    debug: log("debug"),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    setLevel: (next) => void (current = next),
    load: () => void open(),
  };
}

/** Of one field, in UTF-16 units: a gateway or a pusher may have written it. */
const maxFieldLength = 10_000;

function shorten(fields: Fields): Fields {
  if (!Object.values(fields).some(isLong)) return fields;
  const cut = (value: unknown): unknown =>
    isLong(value) ? `${value.slice(0, maxFieldLength)}… (${value.length} characters)` : value;
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, cut(value)]));
}

function isLong(value: unknown): value is string {
  return typeof value === "string" && value.length > maxFieldLength;
}

/** Writes whatever it is given: which lines that are is decided before. */
function openPino(format: LogFormat, write: (line: string) => void): pino.Logger {
  const { pino: create, stdTimeFunctions } = require("pino") as typeof pino;
  const destination = format === "json" ? { write } : { write: (line: string) => write(toLogfmt(line)) };
  return create(
    {
      level: logLevels[0],
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
