import { decodeTexts, isJsonObject, type JsonObject } from "../core/json.ts";
import { createLabels } from "../core/labels.ts";
import {
  archivedOutcomes,
  recordVersion,
  type ArchiveRecord,
  type GroupRecord,
  type MarkRecord,
  type OutcomeRecord,
} from "./records.ts";

/**
 * Decodes one line of an archive. It may have been written by a later version, or by nobody of ours.
 * @returns `later` for what only a later version knows, null for what is no record
 */
export function decodeRecord(line: string): ArchiveRecord | "later" | null {
  const value = parseObject(line);
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

export function parseObject(line: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(line);
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
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

function decodeOutcome({ id, at: time, outcome: word }: JsonObject): OutcomeRecord | null {
  const at = decodeTime(time);
  const outcome = archivedOutcomes.find((one) => one === word);
  return typeof id === "string" && at !== null && outcome !== undefined
    ? { kind: "outcome", id, at, outcome }
    : null;
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
