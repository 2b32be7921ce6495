import type { Condition, Diagnosis, Finding, PushState } from "../core/diagnosis.ts";
import type { HealFate } from "../core/doctor-report.ts";
import type { PushCost } from "../core/push-cost.ts";

/** One line on the whole gateway. */
export function describeCondition(condition: Condition, { api, exposition }: Diagnosis): string {
  switch (condition) {
    case "healthy":
      return "healthy: everything it holds can be served together";
    case "unreachable":
      return "cannot be examined";
    case "unknown":
      return "not sure: not everything could be read";
    case "inconsistent":
      return exposition.state === "inconsistent"
        ? `inconsistent: Prometheus cannot scrape it${api.state === "broken" ? ", and its API is broken" : ""}`
        : "inconsistent: its API is broken, and no janitor can read it; Prometheus still can";
  }
}

export function describePushes(state: PushState): string {
  switch (state) {
    case "accepted":
      return "accepted: what is there passes the check that every push has to pass";
    case "refused":
      return "refused: every push of every group fails, until the offender is gone";
    case "unchecked":
      return "accepted unchecked (--push.disable-consistency-check): nobody tells a pusher what does not fit";
    case "unknown":
      return "cannot be told without /metrics; --probe pushes to a group of its own to find out";
  }
}

const reasons: Readonly<Record<Finding["reason"], string>> = {
  duplicate_series: "has the same series as another group",
  type_conflict: "pushes a metric with another type than other groups",
  name_collision: "pushes a name that a summary or histogram of another group owns",
  gateway_family: "pushes a metric that belongs to the gateway itself, but differs from it",
  invalid_series: "holds a series that no gateway can serve",
  empty_family: "breaks the API",
  unexplained: "does not fit",
};

export function describeReason({ reason, family, sides }: Finding): string {
  if (reason === "duplicate_series" && sides.length === 1)
    return `holds the same series twice (${family ?? "?"})`;
  return family === null ? reasons[reason] : `${reasons[reason]} (${family})`;
}

export function describeFate(fate: HealFate, archived: boolean): string {
  switch (fate) {
    case "deleted":
      return archived ? "deleted; it can be put back from the archive" : "deleted";
    case "gone_already":
      return "was gone already";
    case "pushed_again":
      return "was pushed again since the diagnosis, so it was left alone";
    case "would_be_lost":
      return "not deleted: its metrics would be lost, because no archive holds them; --no-archive lets them go";
    case "archive_failed":
      return "not deleted, because it could not be archived";
    case "failed":
      return "not deleted";
    case "still_there":
      return "accepted for deletion, but still there";
  }
}

/** For example `10–28 ms`. */
export function formatCost({ fromSeconds, toSeconds }: PushCost): string {
  if (toSeconds <= 0.001) return "under 1 ms";
  return toSeconds >= 1
    ? `${round(fromSeconds)}–${round(toSeconds)} s`
    : `${round(fromSeconds * 1000)}–${round(toSeconds * 1000)} ms`;
}

export function formatSeconds(seconds: number): string {
  return seconds >= 1 ? `${round(seconds)} s` : `${round(seconds * 1000)} ms`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${round(bytes / 1000)} kB` : `${round(bytes / 1e6)} MB`;
}

/** Two digits are all that an estimate is worth. */
function round(value: number): string {
  return String(Number(value.toPrecision(2)));
}
