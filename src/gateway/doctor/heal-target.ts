import type { HealFate, HealStep } from "../../core/doctor-report.ts";
import type { Group } from "../../core/group.ts";
import type { JsonObject } from "../../core/json.ts";
import { labelsKey } from "../../core/labels.ts";
import { isFree, type Culprit } from "../../core/remedy.ts";
import { openApiSnapshot } from "../api/api-reader.ts";
import { parseWhole } from "../api/group-bytes.ts";
import { deletePaths } from "../delete-paths.ts";
import { GatewayError } from "../gateway-error.ts";
import type { Wait } from "../pace.ts";
import type { ReadGroup } from "../snapshot.ts";
import type { DiagnoseOptions } from "./diagnose.ts";

/** Where groups go before they are deleted. */
export interface HealArchive {
  /**
   * Resolves when the group is on disk.
   * @throws if that fails; then the group is not deleted
   */
  append(group: Group, whole: JsonObject): Promise<void>;
  /** What became of a group that was appended. */
  recordOutcome(key: string, outcome: "gone" | "still_there" | "failed"): Promise<void>;
}

export interface HealOptions extends DiagnoseOptions {
  readonly archive: HealArchive | null;
  /** Whether groups may go whose metrics no archive keeps. */
  readonly mayLose: boolean;
  readonly wait: Wait;
  readonly signal: AbortSignal;
}

/** What is known of a target just before it is deleted. */
export interface Prepared {
  /** null: the API could not tell, or it is over its budget. */
  readonly read: { readonly group: Group; readonly whole: JsonObject } | null;
  readonly changed: HealFate | null;
}

export const unknown: Prepared = { read: null, changed: null };

/** Reads all groups once more: a group that is not as the diagnosis saw it is not deleted. */
export async function prepareFromApi(
  targets: readonly Culprit[],
  { client, clock, signal, ...options }: HealOptions,
): Promise<ReadonlyMap<Culprit, Prepared>> {
  const byKey = new Map(targets.map((target) => [labelsKey(target.labels), target]));
  const prepared = new Map<Culprit, Prepared>();
  const naming = { utf8Names: false };
  const open = await openApiSnapshot(client, clock, { naming, gauges: options.gauges, wholes: true, signal });
  await open.read((read) => {
    const target = byKey.get(read.group.key);
    if (target !== undefined) prepared.set(target, compare(target, read));
  });
  return prepared;
}

function compare(target: Culprit, read: ReadGroup): Prepared {
  // Several groups that the API shows alike: it is not known which of them this is.
  if (target.lastSuccessAt === null) return unknown;
  const { group } = read;
  const changed = group.lastSuccessAt === target.lastSuccessAt ? null : "pushed_again";
  const whole = read.whole();
  return { read: whole === null ? null : { group, whole: parseWhole(whole) }, changed };
}

/** Archives and deletes one group, if it may. */
export async function deleteOne(
  culprit: Culprit,
  prepared: Prepared | undefined,
  { client, archive, mayLose, signal }: HealOptions,
): Promise<HealStep> {
  const end = (fate: HealFate, archived: boolean, message: string | null = null): HealStep => {
    return { culprit, fate, archived, message };
  };
  if (prepared === undefined) return end("gone_already", false);
  const { read, changed } = prepared;
  if (changed !== null) return end(changed, false);
  const archivable = archive !== null && read !== null;
  if (!isFree(culprit) && !archivable && !mayLose) return end("would_be_lost", false);
  const refusal = archivable ? await tryArchive(archive, read) : null;
  if (refusal !== null && !mayLose) return end("archive_failed", false, refusal);
  const archived = archivable && refusal === null;
  try {
    await deletePaths(client, culprit.paths, { signal });
    return end("deleted", archived, refusal);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return end("failed", archived, error.message);
  }
}

/** Why the group could not be archived; null: it is on disk. */
async function tryArchive(
  archive: HealArchive,
  { group, whole }: NonNullable<Prepared["read"]>,
): Promise<string | null> {
  try {
    await archive.append(group, whole);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
