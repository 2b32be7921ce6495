import type { Group } from "../core/group.ts";
import type { JsonObject } from "../core/json.ts";
import { labelsKey } from "../core/labels.ts";
import { openApiSnapshot } from "../gateway/api/api-reader.ts";
import { parseWhole } from "../gateway/api/group-bytes.ts";
import { deletePaths } from "../gateway/delete-paths.ts";
import { RequestError } from "../http/request-error.ts";
import { harmlessRate, type Wait } from "../gateway/pace.ts";
import type { ReadGroup } from "../gateway/snapshot.ts";
import { diagnose, type DiagnoseOptions } from "./diagnose.ts";
import type { Diagnosis } from "./diagnosis.ts";
import { isFree, type Culprit } from "./remedy.ts";

/** Where groups are written before they are deleted. */
export interface HealArchive {
  /**
   * Resolves when the group is on disk.
   * @throws if that fails; then the group is not deleted
   */
  append(group: Group, whole: JsonObject): Promise<void>;
  /** The outcome of a group that was appended. */
  recordOutcome(key: string, outcome: "gone" | "still_there" | "failed"): Promise<void>;
}

export interface HealOptions extends DiagnoseOptions {
  readonly archive: HealArchive | null;
  /** Whether groups may be deleted without being archived. */
  readonly mayLose: boolean;
  readonly wait: Wait;
  readonly signal: AbortSignal;
}

export interface Healing {
  readonly steps: readonly HealStep[];
  /** The diagnosis after the last step. */
  readonly after: Diagnosis;
}

/**
 * The outcome of one group that `--heal` was to delete.
 * - `deleted`: the gateway does not complain about it any more
 * - `gone_already`, `pushed_again`: it changed since the diagnosis, and was not deleted
 * - `would_be_lost`: it has metrics that cannot be archived, and there is no permission to lose them
 * - `archive_failed`: it could not be written to the archive
 * - `failed`: its deletion was not accepted, or the gateway could not be read after it
 * - `still_there`: the gateway accepted the deletion, but still complains
 */
export type HealFate =
  "deleted" | "gone_already" | "pushed_again" | "would_be_lost" | "archive_failed" | "failed" | "still_there";

export interface HealStep {
  readonly culprit: Culprit;
  readonly fate: HealFate;
  /** Whether its metrics can be restored from the archive. */
  readonly archived: boolean;
  /** The error, if there was one. */
  readonly message: string | null;
}

/** A gateway may have several faults, and some show only when others are gone. */
const maxRounds = 20;
const pauseBetweenSeconds = 1 / harmlessRate;
/** Deletions wait in the gateway's queue, up to 8 s behind checked pushes. */
const pausesSeconds = [0, 0.1, 0.4, 1, 2, 4, 4];

/**
 * Deletes the groups whose remedy is certain, diagnoses again, and repeats that while there are more of them. Nothing else
 * is deleted, and nothing that changed since the diagnosis.
 * @throws `RequestError` only when interrupted
 */
export async function heal(before: Diagnosis, options: HealOptions): Promise<Healing> {
  const steps: HealStep[] = [];
  const tried = new Set<string>();
  let diagnosis = before;
  for (let round = 0; round < maxRounds && !options.signal.aborted; round += 1) {
    const targets = certainCulprits(diagnosis).filter((culprit) => !tried.has(pathsOf(culprit)));
    if (targets.length === 0) break;
    for (const target of targets) tried.add(pathsOf(target));
    const done = await deleteTargets(targets, diagnosis, options);
    const deleted = done.filter(({ fate }) => fate === "deleted").map(({ culprit }) => culprit);
    diagnosis = deleted.length === 0 ? diagnosis : await diagnoseAgain(deleted, options);
    const left = new Set(certainCulprits(diagnosis).map(pathsOf));
    const confirmed = done.map((step) => confirm(step, left, diagnosis));
    await recordOutcomes(confirmed, options.archive);
    steps.push(...confirmed);
  }
  return { steps, after: diagnosis };
}

function certainCulprits({ findings }: Diagnosis): readonly Culprit[] {
  const culprits = findings.flatMap(({ remedy }) => (remedy.kind === "certain" ? remedy.groups : []));
  return [...new Map(culprits.map((culprit) => [pathsOf(culprit), culprit])).values()];
}

/** Identifies a culprit: its paths decide which group is deleted. */
function pathsOf({ paths }: Culprit): string {
  return paths.join(" ");
}

async function deleteTargets(
  targets: readonly Culprit[],
  { api }: Diagnosis,
  options: HealOptions,
): Promise<readonly HealStep[]> {
  const prepared =
    api.state === "answers"
      ? await prepareFromApi(targets, options)
      : new Map(targets.map((target) => [target, unread]));
  const steps: HealStep[] = [];
  for (const culprit of targets) {
    if (options.signal.aborted) break;
    steps.push(await deleteCulprit(culprit, prepared.get(culprit), options));
    await options.wait(pauseBetweenSeconds, options.signal);
  }
  return steps;
}

/** A culprit as it is just before it is deleted. */
interface PreparedCulprit {
  /** null: the API could not be read, or the group is over its budget. */
  readonly read: { readonly group: Group; readonly whole: JsonObject } | null;
  readonly changed: HealFate | null;
}

const unread: PreparedCulprit = { read: null, changed: null };

/** Reads all groups once more: a group that changed since the diagnosis is not deleted. */
async function prepareFromApi(
  targets: readonly Culprit[],
  { client, clock, signal, gauges }: HealOptions,
): Promise<ReadonlyMap<Culprit, PreparedCulprit>> {
  const byKey = new Map(targets.map((target) => [labelsKey(target.labels), target]));
  const prepared = new Map<Culprit, PreparedCulprit>();
  const naming = { utf8Names: false };
  const open = await openApiSnapshot(client, clock, { naming, gauges, wholes: true, signal });
  await open.read((read) => {
    const target = byKey.get(read.group.key);
    if (target !== undefined) prepared.set(target, compareToRead(target, read));
  });
  return prepared;
}

function compareToRead(target: Culprit, read: ReadGroup): PreparedCulprit {
  // The API shows several groups alike: it is not known which of them this is.
  if (target.lastSuccessAt === null) return unread;
  const { group } = read;
  const changed = group.lastSuccessAt === target.lastSuccessAt ? null : "pushed_again";
  const whole = read.whole();
  return { read: whole === null ? null : { group, whole: parseWhole(whole) }, changed };
}

/**
 * Archives and deletes one group, if that is permitted.
 * @param prepared undefined: the API shows no such group any more
 */
async function deleteCulprit(
  culprit: Culprit,
  prepared: PreparedCulprit | undefined,
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
    if (!(error instanceof RequestError)) throw error;
    return end("failed", archived, error.message);
  }
}

/** Why the group could not be archived; null: it is on disk. */
async function tryArchive(
  archive: HealArchive,
  { group, whole }: NonNullable<PreparedCulprit["read"]>,
): Promise<string | null> {
  try {
    await archive.append(group, whole);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function diagnoseAgain(deleted: readonly Culprit[], options: HealOptions): Promise<Diagnosis> {
  const names = new Set(deleted.map(pathsOf));
  let diagnosis: Diagnosis | null = null;
  for (const pause of pausesSeconds) {
    await options.wait(pause, options.signal);
    diagnosis = await diagnose(options);
    if (!certainCulprits(diagnosis).some((culprit) => names.has(pathsOf(culprit)))) break;
  }
  return diagnosis ?? (await diagnose(options));
}

/** A group counts as deleted only if it is gone: that the gateway accepted the DELETE is not enough. */
function confirm(step: HealStep, left: ReadonlySet<string>, { unreachable }: Diagnosis): HealStep {
  if (step.fate !== "deleted") return step;
  if (unreachable !== null) return { ...step, fate: "failed", message: unreachable.message };
  return left.has(pathsOf(step.culprit)) ? { ...step, fate: "still_there" } : step;
}

async function recordOutcomes(steps: readonly HealStep[], archive: HealArchive | null): Promise<void> {
  for (const { culprit, fate, archived } of steps) {
    if (!archived) continue;
    const outcome = fate === "deleted" ? "gone" : fate === "still_there" ? "still_there" : "failed";
    await archive?.recordOutcome(labelsKey(culprit.labels), outcome);
  }
}
