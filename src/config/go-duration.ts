import { quote } from "../core/labels.ts";
import { ParseError } from "../core/parse-error.ts";

const secondsOf: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/**
 * Parses a duration as Go's `time.ParseDuration` does, which is how the exporters read their web configuration: with
 * fractions, without days. No sign.
 * @returns seconds
 * @throws {@link ParseError}
 */
export function parseGoDuration(text: string): number {
  if (text === "0") return 0;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) {
    throw new ParseError(`${quote(text)} is not a duration like 1s, 500ms or 1m30s`);
  }
  const parts = text.matchAll(/([\d.]+)([^\d.]+)/g);
  return Array.from(parts, ([, number, unit]) => Number(number) * (secondsOf[unit ?? ""] ?? 0)).reduce(
    (sum, seconds) => sum + seconds,
    0,
  );
}
