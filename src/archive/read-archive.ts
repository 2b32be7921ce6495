import { open } from "node:fs/promises";

import { isJsonObject, type JsonObject } from "../core/json.ts";
import { unusable } from "./archive-error.ts";
import { readWholes, walkBatches, type Batch, type Damage } from "./batches.ts";
import { listArchiveFiles } from "./day-files.ts";
import { decodeRecord, parseObject } from "./decode-record.ts";
import type { ArchiveRecord } from "./records.ts";

/** Told what could not be read, one sentence each, with the file and the byte; reading goes on behind it. */
export type Tell = (problem: string) => void;

/** Records that were written together. */
export interface RecordBatch {
  readonly records: readonly ArchiveRecord[];
  /** The groups of the batch as the API told them, in order. Only while the batch is the current one. */
  readonly wholes: () => AsyncIterable<ArchivedWhole>;
  /** Where the next batch of its file begins. */
  readonly end: number;
}

export interface ArchivedWhole {
  /** Of its record. */
  readonly id: string;
  readonly group: JsonObject;
}

/**
 * Reads an archive, a folder or one file of it, oldest first; in memory is one batch at a time. Needs no lock: a batch that
 * is being written just then reads like a torn end.
 * @throws {@link ArchiveError} if a file cannot be read at all
 */
export async function* readArchive(path: string, tell: Tell): AsyncGenerator<RecordBatch> {
  for (const file of await listArchiveFiles(path)) yield* readArchiveFile(file, tell);
}

/**
 * One file of an archive, from the byte `start` on, where a batch begins.
 * @throws {@link ArchiveError} if it cannot be read at all
 */
export async function* readArchiveFile(path: string, tell: Tell, start = 0): AsyncGenerator<RecordBatch> {
  const handle = await open(path, "r").catch((error: unknown) => {
    throw unusable(path, "cannot be read", error);
  });
  try {
    const { size } = await handle.stat();
    const tellDamage = (damage: Damage): void => tell(describeDamage(path, damage));
    for await (const batch of walkBatches(handle, size, tellDamage, start)) {
      const place = `${path}: byte ${batch.offset}`;
      yield {
        records: decodeLines(batch, place, tell),
        wholes: () => decodeWholes(readWholes(handle, batch), place, tell),
        end: batch.offset + batch.batchLength,
      };
    }
  } catch (error) {
    throw unusable(path, "cannot be read", error);
  } finally {
    await handle.close();
  }
}

/** For example `…/deleted-2026-11-24.ndjson.gz: byte 4711: …`. */
export function describeDamage(path: string, { offset, nextOffset }: Damage): string {
  return nextOffset === null
    ? `${path}: byte ${offset}: the rest is not complete, as after a crash in the middle of a write; nothing that was confirmed is in it`
    : `${path}: byte ${offset}: damaged up to byte ${nextOffset}, what was there cannot be read`;
}

function decodeLines({ lines }: Batch, place: string, tell: Tell): readonly ArchiveRecord[] {
  return lines.flatMap((line, index) => {
    const record = decodeRecord(line);
    if (record === null) tell(`${place}: line ${index + 1} of the batch there is no record of an archive`);
    return record === null || record === "later" ? [] : [record];
  });
}

async function* decodeWholes(
  lines: AsyncIterable<string>,
  place: string,
  tell: Tell,
): AsyncGenerator<ArchivedWhole> {
  try {
    for await (const line of lines) {
      const value = parseObject(line);
      const [id, group] = [value?.["id"], value?.["group"]];
      if (typeof id === "string" && isJsonObject(group)) yield { id, group };
      else tell(`${place}: the metrics of a group there cannot be read`);
    }
  } catch (error) {
    tell(
      `${place}: the metrics there are damaged: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
