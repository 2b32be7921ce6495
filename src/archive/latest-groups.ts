import { createHash } from "node:crypto";

import type { JsonObject } from "../core/json.ts";
import { labelsKey } from "../core/labels.ts";
import { countOf } from "../core/printable.ts";
import { ArchiveError } from "./archive-error.ts";
import { readArchive, type Tell } from "./read-archive.ts";
import { lastActivityOf, type GroupRecord } from "./records.ts";

/** One archived group with all its metrics. */
export interface StoredGroup {
  readonly record: GroupRecord;
  /** As the API returned it. */
  readonly whole: JsonObject;
}

/** Which groups to take from an archive. */
export interface Selection {
  accepts(record: GroupRecord): boolean;
  /** Whether the same group of two gateways is one and the same, because both go to one. */
  readonly mergeGateways: boolean;
}

/** So many groups fit into some 300 MB. */
const maxGroups = 1_000_000;

/** A deletion of a group that is newer than all others seen of it. */
interface Latest {
  readonly id: string;
  readonly path: string;
  readonly at: number;
  readonly lastActivityAt: number;
}

/**
 * The last deletion of every group that the selection accepts. Reads the archive twice: once for the records, of which it
 * keeps the ids, once for the metrics, of which it keeps one group's.
 * @throws {@link ArchiveError}
 */
export async function* readLatestGroups(
  path: string,
  selection: Selection,
  tell: Tell,
): AsyncGenerator<StoredGroup> {
  const latest = await findLatestIds(path, selection, tell);
  const isMissing = new Set(latest);
  // What is wrong with the records was reported the first time.
  let isReadingMetrics = false;
  const tellOfMetrics: Tell = (problem) => void (isReadingMetrics && tell(problem));
  for await (const { records, wholes } of readArchive(path, tellOfMetrics)) {
    const wanted = new Map<string, GroupRecord>();
    for (const one of records) if (one.kind === "group" && latest.has(one.id)) wanted.set(one.id, one);
    if (wanted.size === 0) continue;
    isReadingMetrics = true;
    for await (const { id, group } of wholes()) {
      const record = wanted.get(id);
      if (record === undefined) continue;
      isMissing.delete(id);
      yield { record, whole: group };
    }
    isReadingMetrics = false;
  }
  if (isMissing.size > 0) {
    const text = `${path}: the metrics of ${countOf(isMissing.size, "group")} cannot be read`;
    tell({ text, isLoss: true });
  }
}

async function findLatestIds(path: string, selection: Selection, tell: Tell): Promise<ReadonlySet<string>> {
  const latest = new Map<string, Latest>();
  for await (const { path: file, records } of readArchive(path, tell)) {
    for (const record of records) {
      if (record.kind !== "group" || !selection.accepts(record)) continue;
      const key = keyOf(record, selection);
      const one = { id: record.id, path: file, at: record.at, lastActivityAt: lastActivityOf(record) };
      const other = latest.get(key);
      latest.set(key, other === undefined ? one : later(other, one));
      if (latest.size > maxGroups)
        throw new ArchiveError(
          path,
          `more than ${maxGroups} groups match: narrow them down with --match, --from, --since or --until`,
        );
    }
  }
  return new Set([...latest.values()].map(({ id }) => id));
}

function keyOf({ gateway, labels }: GroupRecord, { mergeGateways }: Selection): string {
  const key = `${mergeGateways ? "" : gateway}\n${labelsKey(labels)}`;
  return key.length <= 200 ? key : createHash("sha256").update(key).digest("base64");
}

/**
 * Which of two deletions of a group is the later one. The clock of this machine may have been put back between them: within
 * a file the order of the records counts, between files the group's last activity by the gateway's clock, and only then
 * when it was deleted.
 */
function later(first: Latest, second: Latest): Latest {
  if (first.path === second.path) {
    // What follows counts as no older than what it follows.
    return { ...second, lastActivityAt: Math.max(first.lastActivityAt, second.lastActivityAt) };
  }
  if (first.lastActivityAt !== second.lastActivityAt)
    return first.lastActivityAt > second.lastActivityAt ? first : second;
  return first.at > second.at ? first : second;
}
