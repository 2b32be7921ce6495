import { labelsToObject, type Labels } from "../core/labels.ts";
import { formatTime } from "../core/time.ts";

/** Grows when a line changes its meaning; readers skip lines of later versions, and kinds they do not know. */
export const recordVersion = 1;

/** One group, written before its DELETE leaves. Whether it left is told by an {@link OutcomeRecord} after it. */
export interface GroupRecord {
  readonly kind: "group";
  /** Unique in the archive. */
  readonly id: string;
  /** Unix seconds of the janitor's clock, as in all records. */
  readonly at: number;
  /** The gateway's name. */
  readonly gateway: string;
  readonly labels: Labels;
  readonly rule: string | null;
  /** Why it was deleted, as in the report. */
  readonly reason: string;
  readonly ageSeconds: number | null;
  readonly ttlSeconds: number | null;
  /** Unix seconds of the gateway's clock; null: never. Like `lastFailureAt`. */
  readonly lastSuccessAt: number | null;
  readonly lastFailureAt: number | null;
  readonly series: number;
  /** What a restore cannot bring back, one sentence each. */
  readonly losses: readonly string[];
}

/** `accepted`: the gateway's 202; the others as the sweep saw the group afterwards. */
export const archivedOutcomes = [
  "accepted",
  "gone",
  "gone_already",
  "pushed_again",
  "still_there",
  "failed",
] as const;
export type ArchivedOutcome = (typeof archivedOutcomes)[number];

export interface OutcomeRecord {
  readonly kind: "outcome";
  /** Of the group's record. */
  readonly id: string;
  readonly at: number;
  readonly outcome: ArchivedOutcome;
}

/** `reappeared`: counted as a deleted group that came back by a push; `restored`: it came back by `restore`. */
export interface MarkRecord {
  readonly kind: "reappeared" | "restored";
  readonly at: number;
  readonly gateway: string;
  readonly labels: Labels;
}

export type ArchiveRecord = GroupRecord | OutcomeRecord | MarkRecord;

/** One line of JSON, without the newline. */
export function renderRecord(record: ArchiveRecord): string {
  const head = { v: recordVersion, kind: record.kind };
  const at = formatTime(record.at);
  switch (record.kind) {
    case "group":
      return JSON.stringify({
        ...head,
        id: record.id,
        at,
        gateway: record.gateway,
        labels: labelsToObject(record.labels),
        rule: record.rule,
        reason: record.reason,
        age_seconds: record.ageSeconds,
        ttl_seconds: record.ttlSeconds,
        last_success_at: formatTime(record.lastSuccessAt),
        last_failure_at: formatTime(record.lastFailureAt),
        series: record.series,
        losses: record.losses,
      });
    case "outcome":
      return JSON.stringify({ ...head, id: record.id, at, outcome: record.outcome });
    case "reappeared":
    case "restored":
      return JSON.stringify({ ...head, at, gateway: record.gateway, labels: labelsToObject(record.labels) });
  }
}
