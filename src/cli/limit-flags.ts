import { parseDuration } from "../core/duration.ts";
import type { Limits } from "../core/limits.ts";
import { ParseError } from "../core/parse-error.ts";
import type { SweepFlags } from "./flags.ts";
import { parseFlag } from "./parse-flag.ts";

/**
 * The limits with those that flags set.
 * @throws {@link UsageError}
 */
export function overrideLimits(limits: Limits, flags: Partial<SweepFlags>): Limits {
  return {
    maxDeleteRatio: override(
      "--limits.max-delete-ratio",
      flags["limits.maxDeleteRatio"],
      parseRatio,
      limits.maxDeleteRatio,
    ),
    ratioMinGroups: override(
      "--limits.ratio-min-groups",
      flags["limits.ratioMinGroups"],
      parseCount,
      limits.ratioMinGroups,
    ),
    maxDeletes: override("--limits.max-deletes", flags["limits.maxDeletes"], parseCount, limits.maxDeletes),
    deletesPerSecond: override(
      "--limits.deletes-per-second",
      flags["limits.deletesPerSecond"],
      parseRate,
      limits.deletesPerSecond,
    ),
    maxOutageSeconds: override(
      "--limits.max-outage",
      flags["limits.maxOutage"],
      parseDuration,
      limits.maxOutageSeconds,
    ),
    maxEvidenceAgeSeconds: override(
      "--limits.max-evidence-age",
      flags["limits.maxEvidenceAge"],
      parseEvidenceAge,
      limits.maxEvidenceAgeSeconds,
    ),
  };
}

function override<T>(flag: string, text: string | undefined, parse: (text: string) => T, value: T): T {
  return text === undefined ? value : parseFlag(flag, text, parse);
}

function parseRatio(text: string): number {
  return parseNumber(text, "a number from 0 to 1, for example 0.5", (value) => value >= 0 && value <= 1);
}

function parseCount(text: string): number {
  return parseNumber(text, "a whole number", (value) => Number.isSafeInteger(value) && value >= 0);
}

function parseRate(text: string): number {
  return parseNumber(text, "a number over 0", (value) => value > 0);
}

function parseNumber(text: string, expected: string, accepts: (value: number) => boolean): number {
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!accepts(value)) throw new ParseError(`expected ${expected}, got ${JSON.stringify(text)}`);
  return value;
}

function parseEvidenceAge(text: string): number | null {
  if (text === "auto") return null;
  const seconds = parseDuration(text);
  if (seconds === 0) throw new ParseError("0 would forbid every deletion; use auto or a duration like 5s");
  return seconds;
}
