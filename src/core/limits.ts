import { parsePositiveDuration } from "./duration.ts";
import { ParseError } from "./errors.ts";
import type { WithholdReason } from "./verdict.ts";

/** What one sweep of one gateway may do at most. */
export interface Limits {
  /** 0 to 1, of all groups of the gateway; more expired than this: nothing is deleted. */
  readonly maxDeleteRatio: number;
  /** The ratio applies from this many groups on: on a small gateway half of them is soon reached. */
  readonly ratioMinGroups: number;
  /** More expired than this: nothing is deleted. */
  readonly maxDeletes: number;
  /** A ceiling. */
  readonly deletesPerSecond: number;
  /** The longest time in which the gateway was down that is not held against its groups. 0: none. */
  readonly maxOutageSeconds: number;
  /** What happens to a plan that exceeds one of the first two: nothing is deleted, or as many groups as it allows, oldest first. */
  readonly whenExceeded: WhenExceeded;
  /** No DELETE on older knowledge about the group. null: one second plus twice what one read takes. */
  readonly maxEvidenceAgeSeconds: number | null;
}

export const whenExceededChoices = ["withhold", "delete_oldest"] as const;

export type WhenExceeded = (typeof whenExceededChoices)[number];

/** The values of `limits` in the file when it does not set them. */
export const defaultLimits: Limits = {
  maxDeleteRatio: 0.5,
  ratioMinGroups: 20,
  maxDeletes: 10_000,
  deletesPerSecond: 200,
  maxOutageSeconds: 86_400,
  whenExceeded: "withhold",
  maxEvidenceAgeSeconds: null,
};

/** Which numbers a setting takes, in the file and as a flag. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
  /** Completes "expected …". */
  readonly expected: string;
}

const count: NumberRange = {
  min: 0,
  max: Number.MAX_SAFE_INTEGER,
  whole: true,
  expected: "a whole number of at least 0",
};

export const limitRanges = {
  maxDeleteRatio: { min: 0, max: 1, whole: false, expected: "a number from 0 to 1" },
  ratioMinGroups: count,
  maxDeletes: count,
  // At a slower rate a sweep would not end, and a timer of 25 days would fire at once.
  deletesPerSecond: { min: 0.01, max: Number.MAX_VALUE, whole: false, expected: "a number of at least 0.01" },
} as const satisfies Partial<Record<keyof Limits, NumberRange>>;

/**
 * Parses a number as YAML reads it.
 * @throws {@link ParseError}
 */
export function parseNumber(text: string, { min, max, whole, expected }: NumberRange): number {
  const value = /^(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  const fits = value >= min && value <= max && (!whole || Number.isSafeInteger(value));
  if (!fits) throw new ParseError(`expected ${expected}, got ${JSON.stringify(text)}`);
  return value;
}

/**
 * Parses `max_evidence_age`.
 * @returns seconds over 0; null for `auto`
 * @throws {@link ParseError}
 */
export function parseEvidenceAge(text: string): number | null {
  return text === "auto" ? null : parsePositiveDuration(text, "nothing is known that soon; write auto");
}

/** A limit that a plan exceeds, with its numbers. */
export interface ExceededLimit {
  readonly reason: Extract<WithholdReason, "max_delete_ratio" | "max_deletes">;
  /** How many groups have expired. */
  readonly expired: number;
  /** How many groups the gateway has. */
  readonly groups: number;
  readonly limit: number;
  /** How many of them are deleted all the same, the oldest. */
  readonly allowed: number;
  /** The lowest limits that let the plan pass, of those that do not. */
  readonly toPass: Partial<Pick<Limits, "maxDeleteRatio" | "maxDeletes">>;
}

/** The limit that forbids deleting `expired` of `groups` groups, if there is one: of two, the stricter one. */
export function findExceededLimit(expired: number, groups: number, limits: Limits): ExceededLimit | null {
  // A ratio of 0 means "delete nothing", whatever the gateway's size.
  const ratioApplies = groups >= limits.ratioMinGroups || limits.maxDeleteRatio === 0;
  // Divided, not multiplied: 57 / 100 is the number that is written 0.57, but 0.57 * 100 is less than 57.
  const overRatio = ratioApplies && expired / groups > limits.maxDeleteRatio;
  const overCount = expired > limits.maxDeletes;
  if (!overRatio && !overCount) return null;
  const byRatio = overRatio ? countWithin(limits.maxDeleteRatio, groups) : Number.POSITIVE_INFINITY;
  const isRatioFirst =
    overRatio && (limits.whenExceeded === "withhold" || !overCount || byRatio <= limits.maxDeletes);
  return {
    ...(isRatioFirst
      ? { reason: "max_delete_ratio", limit: limits.maxDeleteRatio }
      : { reason: "max_deletes", limit: limits.maxDeletes }),
    expired,
    groups,
    allowed: limits.whenExceeded === "withhold" ? 0 : Math.min(byRatio, limits.maxDeletes),
    toPass: {
      ...(overRatio ? { maxDeleteRatio: roundRatioUp(expired, groups) } : {}),
      ...(overCount ? { maxDeletes: expired } : {}),
    },
  };
}

/** How many of `groups` are no more than this share of them: by division, as the limit itself. */
function countWithin(ratio: number, groups: number): number {
  const count = Math.ceil(ratio * groups);
  return count / groups > ratio ? count - 1 : count;
}

/** The share in two digits or as many as it takes: 1, which lets everything pass, only if that is the share. */
function roundRatioUp(expired: number, groups: number): number {
  for (let scale = 100; ; scale *= 10) {
    const ratio = Math.ceil((expired * scale) / groups) / scale;
    if (ratio >= expired / groups && (ratio < 1 || expired === groups)) return ratio;
  }
}

/** Says with the numbers what a limit withheld. How to let it pass is for the caller to say, who knows the command line. */
export function explainExceededLimit({ reason, expired, groups, limit, allowed }: ExceededLimit): string {
  const percent = ((100 * expired) / groups).toFixed(1);
  const then =
    allowed === 0 ? "allows; nothing was deleted." : `allows; only the ${allowed} oldest are deleted.`;
  return reason === "max_delete_ratio"
    ? `${expired} of ${groups} groups have expired (${percent} %), more than limits.max_delete_ratio = ${limit} ${then}`
    : `${expired} of ${groups} groups have expired, more than limits.max_deletes = ${limit} ${then}`;
}

/** Longer sweeps are announced: whatever runs them may have a deadline. */
const longSeconds = 60;

/** The shortest time that so many deletions can take; null: too short to be announced. */
export function forecastLongSeconds(deletions: number, { deletesPerSecond }: Limits): number | null {
  const seconds = Math.ceil(deletions / deletesPerSecond);
  return seconds > longSeconds ? seconds : null;
}
