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

/** A number as Go writes it. It is passed on as text, so nothing else may be in it. */
export function isGoNumber(text: unknown): text is string {
  return typeof text === "string" && /^(?:NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/.test(text);
}

/** The value of a number as Go writes it. */
export function goNumber(text: string): number {
  return Number(text.replace("Inf", "Infinity"));
}
