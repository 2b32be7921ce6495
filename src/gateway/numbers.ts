/** Go's have at most 24 characters; what is longer may have been cut. */
const maxNumberLength = 100;

/**
 * Reads a number as the gateway writes it (`1.7953447495509727e+09`, `0`, `-5`). Everything else is null, NaN and the
 * infinities included: `Number` alone takes `""` for 0 and `"0x5"` for 5.
 */
export function parseFiniteNumber(text: unknown): number | null {
  if (
    typeof text !== "string" ||
    text.length > maxNumberLength ||
    !/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)
  )
    return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
const secondsLength = "2026-11-24T12:00:00".length;

/** Reads an RFC 3339 time with any fraction and zone as Unix seconds; null if it is none. */
export function parseTimestamp(text: unknown): number | null {
  if (typeof text !== "string" || !rfc3339.test(text)) return null;
  const zoneLength = text.endsWith("Z") ? 1 : "+01:00".length;
  // Date knows milliseconds only.
  const milliseconds = Date.parse(text.slice(0, secondsLength) + text.slice(-zoneLength));
  const fraction = Number(`0${text.slice(secondsLength, -zoneLength)}`);
  return Number.isNaN(milliseconds) ? null : milliseconds / 1000 + fraction;
}
