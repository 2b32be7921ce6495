import type { Group } from "../core/group.ts";
import { createLabels, type Labels } from "../core/labels.ts";
import { groupPath, pathName, type PathNaming } from "../gateway/group-path.ts";
import { decodeLikeGo, type RawLabels } from "./complaints.ts";
import type { Culprit } from "./remedy.ts";

export function culpritOf(group: Group, naming: PathNaming): Culprit {
  const path = group.obstacle === null ? groupPath(group.labels, naming) : null;
  return {
    labels: group.labels,
    paths: path === null ? [] : [path],
    lastSuccessAt: group.lastSuccessAt,
    lastFailureAt: group.lastFailureAt,
    series: group.series,
  };
}

/**
 * The groups behind the labels of a push time, byte by byte: these labels are the grouping key and, if that has no
 * `instance`, an empty one.
 * @param known the groups as the API shows them; without it both spellings, of which only those that exist are deleted
 */
export function rawCulprits(
  labels: RawLabels,
  known: readonly Culprit[],
  naming: PathNaming,
): readonly Culprit[] {
  const spellings = known.length > 0 ? known.map((one) => one.labels.has("instance")) : spellingsOf(labels);
  const culprits = new Map<string, Culprit>();
  for (const [index, withInstance] of spellings.entries()) {
    const own = new Map(
      [...labels].filter(([name, value]) => withInstance || name !== "instance" || value.length > 0),
    );
    const path = rawGroupPath(own, naming);
    // The API shows different bytes alike: it is not known which of these groups this is, nor how old it is.
    const alike = spellings.filter((other) => other === withInstance).length > 1;
    const unknown = { labels: lossyLabels(own), lastSuccessAt: null, lastFailureAt: null, series: null };
    const culprit = { ...unknown, ...(alike ? {} : known[index]), paths: path === null ? [] : [path] };
    culprits.set(path ?? String(index), culprit);
  }
  return [...culprits.values()];
}

function spellingsOf(labels: RawLabels): readonly boolean[] {
  const instance = labels.get("instance");
  return instance === undefined || instance.length > 0 ? [true] : [false, true];
}

/** Both groups that a series of the exposition can belong to: without `instance`, or with an empty one. */
export function spellLabels(labels: Labels): readonly Labels[] {
  if (labels.get("instance") !== "") return [labels];
  return [createLabels([...labels].filter(([name]) => name !== "instance")), labels];
}

function lossyLabels(labels: RawLabels): Labels {
  return createLabels([...labels].map(([name, value]) => [name, decodeLikeGo(value)] as const));
}

/**
 * The path of a group whose U+FFFD was pushed like that, which is so if the gateway is consistent.
 * @returns null if no path can have one of its label names, or if it has no job
 */
export function literalGroupPath(labels: Labels, naming: PathNaming): string | null {
  return rawGroupPath(
    new Map([...labels].map(([name, value]) => [name, Buffer.from(value, "utf8")] as const)),
    naming,
  );
}

/** As {@link groupPath}, for values that no text can hold: every value in base64. */
function rawGroupPath(labels: RawLabels, naming: PathNaming): string | null {
  const lossy = lossyLabels(labels);
  const plain = groupPath(lossy, naming);
  if (plain !== null) return plain;
  if ((lossy.get("job") ?? "") === "") return null;
  let path = "/metrics";
  for (const name of lossy.keys()) {
    const segment = pathName(name, naming);
    if (segment === null) return null;
    path += `/${segment}@base64/${Buffer.from(labels.get(name) ?? []).toString("base64url") || "="}`;
  }
  return path;
}
