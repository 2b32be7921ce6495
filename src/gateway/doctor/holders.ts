import { isJsonObject, type JsonObject } from "../../core/json.ts";
import { createLabels, labelsKey } from "../../core/labels.ts";
import type { Culprit } from "../../core/remedy.ts";
import { parseWhole } from "../api/group-bytes.ts";
import type { PathNaming } from "../group-path.ts";
import type { ReadGroup } from "../snapshot.ts";
import type { Complaint, RawLabels } from "./complaint.ts";
import { culpritOf } from "./culprit.ts";
import { decodeLikeGo } from "./go-text.ts";

/** One group that holds a family which a complaint names. */
export interface Holder {
  readonly culprit: Culprit;
  readonly type: string;
  readonly help: string;
}

/** Which groups hold what the complaints name. */
export interface Holders {
  visit(read: ReadGroup): void;
  ofFamily(family: string): readonly Holder[];
  /** As often as a group holds the series. */
  ofSeries(family: string, labels: RawLabels): readonly Holder[];
}

/** Keeps only what the complaints name: the memory it takes does not grow with the gateway. */
export function createHolders(complaints: readonly Complaint[], naming: PathNaming): Holders {
  const families = new Map<string, Holder[]>();
  const series = new Map<string, Map<string, Holder[]>>();
  for (const complaint of complaints) {
    if (complaint.kind === "unknown") continue;
    const bySeries = series.get(complaint.family) ?? new Map<string, Holder[]>();
    series.set(complaint.family, bySeries);
    if ("labels" in complaint) bySeries.set(seriesKey(complaint.labels), []);
    // Every group has push times, and a series that is there twice tells nothing about the others.
    if (complaint.kind === "duplicate" || complaint.kind === "invalid") continue;
    families.set(complaint.family, []);
    if (complaint.kind === "collision") families.set(complaint.other, []);
  }
  const names = new Set([...families.keys(), ...series.keys()]);

  return {
    visit(read) {
      if (names.size === 0) return;
      const bytes = read.whole();
      // Over its budget: the doctor cannot tell what is in it.
      if (bytes === null) return;
      const whole = parseWhole(bytes);
      for (const name of names) {
        const family = familyOf(whole, name);
        if (family === null) continue;
        const culprit = culpritOf(read.group, naming);
        const holder = { culprit, type: textOf(family["type"]), help: textOf(family["help"]) };
        families.get(name)?.push(holder);
        const bySeries = series.get(name);
        if (bySeries !== undefined) for (const key of seriesKeysOf(family)) bySeries.get(key)?.push(holder);
      }
    },
    ofFamily: (family) => families.get(family) ?? [],
    ofSeries: (family, labels) => series.get(family)?.get(seriesKey(labels)) ?? [],
  };
}

function familyOf(whole: JsonObject, name: string): JsonObject | null {
  const family = Object.hasOwn(whole, name) ? whole[name] : undefined;
  return isJsonObject(family) && Array.isArray(family["metrics"]) ? family : null;
}

function* seriesKeysOf(family: JsonObject): Generator<string> {
  for (const metric of family["metrics"] as readonly unknown[]) {
    const labels = isJsonObject(metric) && isJsonObject(metric["labels"]) ? metric["labels"] : {};
    yield labelsKey(createLabels(Object.entries(labels) as [string, string][]));
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** As the API shows these labels. */
export function seriesKey(labels: RawLabels): string {
  return labelsKey(createLabels([...labels].map(([name, value]) => [name, decodeLikeGo(value)] as const)));
}
