import { parsePositiveDuration } from "./duration.ts";
import { ParseError } from "./errors.ts";
import type { WithholdReason } from "./verdict.ts";

/** Limits of one sweep of one gateway. */
export interface Limits {
  /** 0 to 1: the share of the gateway's groups that may be deleted. */
  readonly maxDeleteRatio: number;
  /** The ratio applies to gateways with at least so many groups. */
  readonly ratioMinGroups: number;
  /** How many groups may be deleted. */
  readonly maxDeletes: number;
  /** A ceiling. */
  readonly deletesPerSecond: number;
  /** The longest downtime of the gateway that does not count towards ages. 0: none. */
  readonly maxOutageSeconds: number;
  /** If a plan exceeds the ratio or the number: delete nothing, or only the oldest, as many as the limits allow. */
  readonly whenExceeded: WhenExceeded;
  /** The longest time between the start of the last read of a group and its DELETE. null: one second plus twice the duration of a read. */
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

/** The numbers that a setting accepts, in the file and as a flag. */
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
  // Below this a sweep would not end, and timers of over 25 days fire at once.
  deletesPerSecond: { min: 0.01, max: Number.MAX_VALUE, whole: false, expected: "a number of at least 0.01" },
} as const satisfies Partial<Record<keyof Limits, NumberRange>>;

/** Parses a number as YAML reads it. */
export function parseNumber(text: string, { min, max, whole, expected }: NumberRange): number {
  const value = /^(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  const fits = value >= min && value <= max && (!whole || Number.isSafeInteger(value));
  if (!fits) throw new ParseError(`expected ${expected}, got ${JSON.stringify(text)}`);
  return value;
}

/**
 * Parses `max_evidence_age`.
 * @returns seconds over 0; null for `auto`
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
  /** How many of them may be deleted, oldest first. 0: none. */
  readonly allowed: number;
  /** Of the limits that the plan exceeds: the lowest values that let it pass. */
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

/** The largest number whose share of `groups` is within the ratio. */
function countWithin(ratio: number, groups: number): number {
  const count = Math.ceil(ratio * groups);
  return count / groups > ratio ? count - 1 : count;
}

/** The share, rounded up to two digits or as many as it takes not to be 1, which would let everything pass. */
function roundRatioUp(expired: number, groups: number): number {
  for (let scale = 100; ; scale *= 10) {
    const ratio = Math.ceil((expired * scale) / groups) / scale;
    if (ratio >= expired / groups && (ratio < 1 || expired === groups)) return ratio;
  }
}

/** Says which limit was exceeded, with the numbers. How to let the plan pass depends on the caller's command line. */
export function explainExceededLimit(
  { reason, expired, groups, limit, allowed }: ExceededLimit,
  fate = "have expired",
): string {
  const percent = ((100 * expired) / groups).toFixed(1);
  const then =
    allowed === 0 ? "allows; nothing was deleted." : `allows; only the ${allowed} oldest are deleted.`;
  return reason === "max_delete_ratio"
    ? `${expired} of ${groups} groups ${fate} (${percent} %), more than limits.max_delete_ratio = ${limit} ${then}`
    : `${expired} of ${groups} groups ${fate}, more than limits.max_deletes = ${limit} ${then}`;
}

/** Longer sweeps are announced, as a scheduler may set a deadline. */
const longSeconds = 60;

/** The shortest time that so many deletions can take; null: too short to be announced. */
export function forecastLongSeconds(deletions: number, { deletesPerSecond }: Limits): number | null {
  const seconds = Math.ceil(deletions / deletesPerSecond);
  return seconds > longSeconds ? seconds : null;
}
