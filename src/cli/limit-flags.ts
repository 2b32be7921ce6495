import { parseDuration } from "../core/duration.ts";
import { limitRanges, parseEvidenceAge, parseNumber, type Limits } from "../core/limits.ts";
import type { SweepFlags } from "./flags.ts";
import { parseFlag } from "./parse-flag.ts";

/**
 * The limits with those that flags set. What a flag takes, the file takes, too.
 * @throws {@link ConfigError}
 */
export function overrideLimits(limits: Limits, flags: Partial<SweepFlags>): Limits {
  const number = (flag: string, text: string | undefined, key: keyof typeof limitRanges): number =>
    override(flag, text, (value) => parseNumber(value, limitRanges[key]), limits[key]);
  return {
    maxDeleteRatio: number("max-delete-ratio", flags["limits.maxDeleteRatio"], "maxDeleteRatio"),
    ratioMinGroups: number("ratio-min-groups", flags["limits.ratioMinGroups"], "ratioMinGroups"),
    maxDeletes: number("max-deletes", flags["limits.maxDeletes"], "maxDeletes"),
    deletesPerSecond: number("deletes-per-second", flags["limits.deletesPerSecond"], "deletesPerSecond"),
    maxOutageSeconds: override(
      "max-outage",
      flags["limits.maxOutage"],
      parseDuration,
      limits.maxOutageSeconds,
    ),
    whenExceeded: limits.whenExceeded,
    maxEvidenceAgeSeconds: override(
      "max-evidence-age",
      flags["limits.maxEvidenceAge"],
      parseEvidenceAge,
      limits.maxEvidenceAgeSeconds,
    ),
  };
}

function override<T>(flag: string, text: string | undefined, parse: (text: string) => T, value: T): T {
  return text === undefined ? value : parseFlag(`--limits.${flag}`, text, parse);
}
