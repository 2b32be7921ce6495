/**
 * The closed unions of all verdicts, outcomes and failures. Reports, logs, metrics, `explain` and tests share them; most are label
 * values of metrics, so that a new one changes the interface.
 */
export const deleteReasons = ["ttl_expired", "host_vanished", "requested"] as const;
export const keepReasons = [
  "within_ttl",
  "no_rule",
  "not_selected",
  "rule_keeps",
  "rule_reports",
  "push_may_be_lost",
  "kept_latest",
  "future_time",
  "invalid_time",
  "unknown_time",
  "unreadable_labels",
  "unaddressable",
  "over_budget",
  "own_metrics",
] as const;
export const withholdReasons = [
  "max_delete_ratio",
  "max_deletes",
  "evidence_too_old",
  "pushed_again",
  "host_may_exist",
  "archive_failed",
  "gateway_unhealthy",
  "interrupted",
] as const;

/** In the order of a plan. */
export const verdictNames = ["delete", "withhold", "keep"] as const satisfies readonly Verdict["verdict"][];

export type VerdictName = Verdict["verdict"];
type DeleteReason = (typeof deleteReasons)[number];
export type KeepReason = (typeof keepReasons)[number];
export type WithholdReason = (typeof withholdReasons)[number];

/** One decision about one group, with its one reason. */
export type Verdict =
  | { readonly verdict: "delete"; readonly reason: DeleteReason }
  | { readonly verdict: "keep"; readonly reason: KeepReason }
  | { readonly verdict: "withhold"; readonly reason: WithholdReason };

/**
 * What became of one planned deletion, as reads of the gateway showed afterwards: its 202 only means that the request was queued.
 * - `gone`: the group has disappeared after a DELETE of ours
 * - `gone_already`: it had disappeared before a DELETE of ours was sent; it does not count as deleted
 * - `pushed_again`: it was pushed to after our DELETE
 * - `still_there`: the gateway accepted the DELETE and still shows the group
 * - `failed`: the request was not accepted, or the gateway could not be read afterwards
 */
export const outcomes = ["gone", "gone_already", "pushed_again", "still_there", "failed"] as const;

export type Outcome = (typeof outcomes)[number];

/** The mechanisms of service discovery. */
export type Mechanism = "file" | "http" | "dns";

/** What can go wrong between the janitor and a server. */
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
 * Why a sweep of a gateway did not do all of its work: an error of the gateway, a reason that withheld deletions (except that a group
 * came back to life), or
 * - `unconfirmed`: groups are still there after their deletion, or the gateway could not be read afterwards
 * - `configuration`: a file that it names could not be read
 * - `internal`: a mistake of the janitor's own
 */
export type SweepFailureReason =
  GatewayErrorCode | Exclude<WithholdReason, Revival> | "unconfirmed" | "configuration" | "internal";

export const sweepFailureReasons: readonly SweepFailureReason[] = [
  ...gatewayErrorCodes,
  ...withholdReasons.filter(isFailure),
  "unconfirmed",
  "configuration",
  "internal",
];

/** A group that came back to life in time, or may have, is no failure. */
type Revival = "pushed_again" | "host_may_exist";

export function isFailure(reason: WithholdReason): reason is Exclude<WithholdReason, Revival> {
  return reason !== "pushed_again" && reason !== "host_may_exist";
}

/** Whether the gateway no longer holds the group. */
export function isGone(outcome: Outcome | null | undefined): boolean {
  return outcome === "gone" || outcome === "gone_already";
}

/** Whether a deletion was refused, had no effect, or could not be verified. */
export function isFailedDeletion(outcome: Outcome | null | undefined): boolean {
  return outcome === "failed" || outcome === "still_there";
}

/** Whether a DELETE of ours took effect. What the group held is gone, even if it was pushed to again since. */
export function isDeleted(outcome: Outcome | undefined): boolean {
  return outcome === "gone" || outcome === "pushed_again";
}
