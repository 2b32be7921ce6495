import type { JsonObject } from "../core/json.ts";
import { labelsKey } from "../core/labels.ts";
import { readArchive, type Tell } from "./read-archive.ts";
import type { GroupRecord } from "./records.ts";

/** One archived group with all its metrics. */
export interface StoredGroup {
  readonly record: GroupRecord;
  /** As the API told it. */
  readonly whole: JsonObject;
}

/** Which groups to take from an archive. */
export interface Selection {
  accepts(record: GroupRecord): boolean;
  /** Whether the same group of two gateways is one and the same, because both go to one. */
  readonly mergeGateways: boolean;
}

/**
 * The last record of every group that the selection accepts, in the order in which they were written. Reads the archive
 * twice: once for the records, of which it keeps the ids, once for the metrics, of which it keeps one group's.
 * @throws {@link ArchiveError}
 */
export async function* readLatestGroups(
  path: string,
  selection: Selection,
  tell: Tell,
): AsyncGenerator<StoredGroup> {
  const latest = new Set((await findLatestIds(path, selection, tell)).values());
  // What is wrong with the archive has been told the first time.
  for await (const { records, wholes } of readArchive(path, () => {})) {
    const wanted = new Map(
      records.flatMap((one) => (one.kind === "group" && latest.has(one.id) ? [[one.id, one]] : [])),
    );
    if (wanted.size === 0) continue;
    for await (const { id, group } of wholes()) {
      const record = wanted.get(id);
      if (record !== undefined) yield { record, whole: group };
      wanted.delete(id);
    }
    for (const { id } of wanted.values()) tell(`${path}: the metrics of record ${id} are missing`);
  }
}

async function findLatestIds(
  path: string,
  selection: Selection,
  tell: Tell,
): Promise<ReadonlyMap<string, string>> {
  const latest = new Map<string, string>();
  for await (const { records } of readArchive(path, tell)) {
    for (const record of records) {
      if (record.kind !== "group" || !selection.accepts(record)) continue;
      latest.set(`${selection.mergeGateways ? "" : record.gateway}\n${labelsKey(record.labels)}`, record.id);
    }
  }
  return latest;
}
