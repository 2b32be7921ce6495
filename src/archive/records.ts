import { decodeTexts, parseJsonObject, type JsonObject } from "../core/json.ts";
import { createLabels, labelsToObject, type Labels } from "../core/labels.ts";
import { formatTime } from "../core/time.ts";
import { outcomes } from "../core/verdict.ts";

/** Grows when a line changes its meaning; readers skip lines of later versions, and kinds they do not know. */
const recordVersion = 1;

/** One group, written before its DELETE is sent. An {@link OutcomeRecord} after it has the result. */
export interface GroupRecord {
  readonly kind: "group";
  /** Unique in the archive. */
  readonly id: string;
  /** Unix seconds of the janitor's clock, as in all records. */
  readonly at: number;
  /** The gateway's name. */
  readonly gateway: string;
  /** The gateway's URL: another one may have its name later. null: version 0.1.0 did not record it. */
  readonly url: string | null;
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
  /** The metrics that a restore cannot bring back, one sentence each. */
  readonly losses: readonly string[];
}

/** `accepted`: the gateway's 202; the others as the sweep saw the group afterwards. */
const archivedOutcomes = ["accepted", ...outcomes] as const;
export type ArchivedOutcome = (typeof archivedOutcomes)[number];

interface OutcomeRecord {
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

/** Of the group when it was deleted, Unix seconds of the gateway's clock; 0: never. */
export function lastActivityOf(record: Pick<GroupRecord, "lastSuccessAt" | "lastFailureAt">): number {
  return Math.max(record.lastSuccessAt ?? 0, record.lastFailureAt ?? 0);
}

/**
 * Whether the gateway accepted the DELETE, and the group has not been seen alive since. `accepted` without another
 * outcome: the janitor was killed.
 */
export function wasDeleted(outcome: ArchivedOutcome | null): boolean {
  return outcome === "gone" || outcome === "accepted";
}

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
        gateway_url: record.url,
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

/**
 * Decodes one line of an archive. It may come from a later version, or from another program.
 * @returns `later` for what only a later version knows, null for what is no record
 */
export function decodeRecord(line: string): ArchiveRecord | "later" | null {
  const value = parseJsonObject(line);
  if (value === null || typeof value["v"] !== "number" || typeof value["kind"] !== "string") return null;
  if (value["v"] > recordVersion) return "later";
  switch (value["kind"]) {
    case "group":
      return decodeGroupRecord(value);
    case "outcome":
      return decodeOutcome(value);
    case "reappeared":
    case "restored":
      return decodeMark(value["kind"], value);
    default:
      return "later";
  }
}

function decodeGroupRecord(value: JsonObject): GroupRecord | null {
  const { id, gateway, rule, reason, losses } = value;
  const mark = decodeMark("restored", value);
  const known = typeof id === "string" && typeof gateway === "string" && typeof reason === "string";
  if (mark === null || !known || !(rule === null || typeof rule === "string") || !Array.isArray(losses))
    return null;
  return {
    kind: "group",
    id,
    at: mark.at,
    gateway,
    url: typeof value["gateway_url"] === "string" ? value["gateway_url"] : null,
    labels: mark.labels,
    rule,
    reason,
    ageSeconds: numberOrNull(value["age_seconds"]),
    ttlSeconds: numberOrNull(value["ttl_seconds"]),
    lastSuccessAt: decodeTime(value["last_success_at"]),
    lastFailureAt: decodeTime(value["last_failure_at"]),
    series: numberOrNull(value["series"]) ?? 0,
    losses: losses.filter((loss) => typeof loss === "string"),
  };
}

function decodeOutcome({ id, at: time, outcome: word }: JsonObject): OutcomeRecord | "later" | null {
  const at = decodeTime(time);
  if (typeof id !== "string" || at === null || typeof word !== "string") return null;
  const outcome = archivedOutcomes.find((one) => one === word);
  return outcome === undefined ? "later" : { kind: "outcome", id, at, outcome };
}

function decodeMark(
  kind: MarkRecord["kind"],
  { at: time, gateway, labels: object }: JsonObject,
): MarkRecord | null {
  const at = decodeTime(time);
  const pairs = decodeTexts(object);
  if (at === null || pairs === null || typeof gateway !== "string") return null;
  return { kind, at, gateway, labels: createLabels(pairs) };
}

/** Unix seconds, to the millisecond. */
function decodeTime(text: unknown): number | null {
  const milliseconds = typeof text === "string" ? Date.parse(text) : Number.NaN;
  return Number.isNaN(milliseconds) ? null : milliseconds / 1000;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
