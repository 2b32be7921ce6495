import type { Verdict, WithholdReason } from "../core/verdict.ts";

/** Every reason as a part of a sentence. */
export const reasonWords: Readonly<Record<Verdict["reason"], string>> = {
  ttl_expired: "older than its TTL",
  host_vanished: "its host has vanished, and it is older than the TTL of vanished hosts",
  requested: "a person asked for its deletion",
  within_ttl: "younger than its TTL",
  no_rule: "no rule matches it",
  not_selected: "its deletion was not asked for",
  rule_keeps: "its rule keeps it, however old",
  rule_reports: "has expired, but its rule only reports",
  push_may_be_lost: "older than its TTL, but a later push may have been lost when the gateway last stopped",
  own_metrics: "holds the metrics that the janitor pushes about itself",
  kept_latest: "among the latest that its rule keeps",
  future_time: "its last push lies in the future",
  invalid_time: "its push times cannot be read",
  unknown_time: "the gateway's time is not known",
  unreadable_labels: "a pushed metric called labels hides its labels",
  unaddressable: "no DELETE names exactly this group",
  over_budget: "larger than the janitor can keep in memory",
  max_delete_ratio: "too large a share of the gateway would be deleted",
  max_deletes: "too many groups would be deleted",
  evidence_too_old: "the gateway could not be read again in time",
  pushed_again: "was pushed again before its deletion",
  host_may_exist: "its host is known again, or its query failed when it was asked again",
  archive_failed: "could not be archived",
  gateway_unhealthy: "the gateway was not healthy, or several answer at its address",
  interrupted: "the sweep was stopped before its turn",
};

const withholdAdvice: Readonly<Record<WithholdReason, string>> = {
  max_delete_ratio:
    "Review them. If they may be deleted, run the command that the message names, or raise limits.max_delete_ratio.",
  max_deletes:
    "Review them. If they may be deleted, run the command that the message names, or raise limits.max_deletes.",
  evidence_too_old:
    "The next sweep tries again. If this persists, raise limits.max_evidence_age, or set it to auto.",
  pushed_again: "Nothing to do: they are alive.",
  host_may_exist: "Nothing to do: the next sweep asks again which hosts exist.",
  archive_failed:
    "Make the archive's folder writable, with room on its disk. Only archived groups are deleted.",
  gateway_unhealthy: "The next sweep tries again. If this persists, `pushgateway-janitor doctor` says why.",
  interrupted: "Nothing to do: the next sweep continues.",
};

/** Returns the advice on groups that were withheld. */
export function adviseOnWithheld(reason: WithholdReason): string {
  return withholdAdvice[reason];
}

/** By the codes of errors between the janitor and a gateway. */
const errorAdvice = new Map([
  [
    "timeout",
    "Is it overloaded? `pushgateway-janitor doctor --probe` measures a push. A longer `timeout` gives it more time.",
  ],
  [
    "no_answer",
    "Something pushed may have broken its API: `pushgateway-janitor doctor` names it. Or it ran out of memory: `source: auto` needs less.",
  ],
  ["redirect", "Write the final URL into the configuration: redirects are never followed."],
  [
    "http_status",
    "401 or 403: check its credentials. 404: check its route prefix. Else ask `pushgateway-janitor doctor`.",
  ],
  ["truncated", "The answer was cut off: check the logs of the gateway and of proxies in front of it."],
  ["not_json", "Is this the URL of a Pushgateway, route prefix included?"],
  ["unexpected_answer", "Is this the URL of a Pushgateway, route prefix included?"],
  ["too_large", "Give the janitor more memory, or delete groups by hand: there are more than it can hold."],
  ["archive_failed", withholdAdvice.archive_failed],
  ["gateway_unhealthy", withholdAdvice.gateway_unhealthy],
  ["internal", "This is a bug in the janitor: please report it, with its log."],
]);

/** Returns the advice on an error; null: there is none beyond its message. */
export function adviseOnError(code: string): string | null {
  return errorAdvice.get(code) ?? null;
}
