/**
 * Reads a number as the gateway writes it (`1.7953447495509727e+09`, `0`, `-5`). Everything else is null, NaN and the
 * infinities included: `Number` alone takes `""` for 0 and `"0x5"` for 5.
 */
export function parseFiniteNumber(text: unknown): number | null {
  if (typeof text !== "string" || !/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

const rfc3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Reads an RFC 3339 time with any fraction and zone as Unix seconds; null if it is none. */
export function parseTimestamp(text: unknown): number | null {
  const match = typeof text === "string" ? rfc3339.exec(text) : null;
  if (match === null) return null;
  const [, dateTime = "", fraction = "0", zone = ""] = match;
  const milliseconds = Date.parse(dateTime + zone);
  return Number.isNaN(milliseconds) ? null : milliseconds / 1000 + Number(fraction);
}
