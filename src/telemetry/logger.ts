import { pino, stdTimeFunctions } from "pino";

import type { Log, LogFields, LogFormat, LogLevel } from "../core/log.ts";

export interface Logger extends Log {
  /** From now on. */
  setLevel(level: LogLevel): void;
}

/** One line per event: logfmt as Prometheus writes it, or JSON. */
export function createLogger(level: LogLevel, format: LogFormat, write: (line: string) => void): Logger {
  const logger = pino(
    {
      level,
      base: null,
      messageKey: "msg",
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    format === "json" ? { write } : { write: (line: string) => write(toLogfmt(line)) },
  );
  const log =
    (at: LogLevel) =>
    (message: string, fields: LogFields = {}): void =>
      logger[at](shorten(fields), message);
  return {
    debug: log("debug"),
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    setLevel: (next) => void (logger.level = next),
  };
}

/** Of one field, in UTF-16 units: its text may be a gateway's or a pusher's. */
const maxFieldLength = 10_000;

function shorten(fields: LogFields): LogFields {
  if (!Object.values(fields).some(isLong)) return fields;
  const cut = (value: unknown): unknown =>
    isLong(value) ? `${value.slice(0, maxFieldLength)}… (${value.length} characters)` : value;
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, cut(value)]));
}

function isLong(value: unknown): value is string {
  return typeof value === "string" && value.length > maxFieldLength;
}

/** Rewrites one line of pino's JSON as logfmt, the message behind time and level as in Prometheus. */
function toLogfmt(line: string): string {
  const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const pairs = Object.entries({ ts: time, level, msg, ...fields });
  return `${pairs.map(([key, value]) => `${key}=${formatValue(value)}`).join(" ")}\n`;
}

function formatValue(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value) ?? "null";
  // Characters that could break the line or drive a terminal are quoted and escaped.
  return /^[\w.,:;/@+\-[\]()%&?*<>~$!|^#]+$/.test(value) ? value : JSON.stringify(value);
}
