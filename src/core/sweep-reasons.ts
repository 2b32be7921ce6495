import type { GatewayReport } from "./report.ts";
import { withholdReasons, type WithholdReason } from "./verdict.ts";

/** What can go wrong between the janitor and a gateway; label values of the janitor's metrics, as are the others here. */
export const gatewayErrorCodes = [
  "unreachable",
  "timeout",
  "no_answer",
  "redirect",
  "http_status",
  "truncated",
  "not_json",
  "api_error",
  "unexpected_answer",
  "too_large",
  "aborted",
  "read_postponed",
] as const;

export type GatewayErrorCode = (typeof gatewayErrorCodes)[number];

/** Why a sweep that was due or asked for did not happen. `missed`: its time passed while the process could not run. */
export const skipReasons = ["already_running", "missed", "stopping"] as const;

export type SkipReason = (typeof skipReasons)[number];

/**
 * Why a sweep of a gateway did not do all of its work: a gateway's error, what withheld deletions (but a group that came back
 * to life in time is no failure), and
 * - `unconfirmed`: groups are still there after their deletion, or nobody could look
 * - `configuration`: a file that it names could not be read
 * - `internal`: a mistake of the janitor's own
 */
export type SweepFailureReason =
  GatewayErrorCode | Exclude<WithholdReason, "pushed_again"> | "unconfirmed" | "configuration" | "internal";

export const sweepFailureReasons: readonly SweepFailureReason[] = [
  ...gatewayErrorCodes,
  ...withholdReasons.filter(isFailure),
  "unconfirmed",
  "configuration",
  "internal",
];

/** null: it did all of its work. */
export function findFailureReason({ status, error, entries }: GatewayReport): SweepFailureReason | null {
  if (status === "ok") return null;
  if (error !== null) return sweepFailureReasons.find((reason) => reason === error.code) ?? "internal";
  for (const { verdict } of entries) {
    if (verdict.verdict === "withhold" && isFailure(verdict.reason)) return verdict.reason;
  }
  return "unconfirmed";
}

function isFailure(reason: WithholdReason): reason is Exclude<WithholdReason, "pushed_again"> {
  return reason !== "pushed_again";
}
