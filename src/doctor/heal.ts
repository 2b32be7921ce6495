import type { Group } from "../core/group.ts";
import type { JsonObject } from "../core/json.ts";
import { labelsKey } from "../core/labels.ts";
import { openApiSnapshot, parseRawGroup } from "../gateway/api/api-reader.ts";
import { deletePaths } from "../gateway/gateway.ts";
import { RequestError } from "../http/request-error.ts";
import { harmlessRate, type Wait } from "../gateway/pace.ts";
import { isFree, type Culprit } from "./culprit.ts";
import { diagnose, type DiagnoseOptions } from "./diagnose.ts";
import { certainCulprits, pathsKey, type Diagnosis } from "./diagnosis.ts";

/** Where groups are written before they are deleted. */
export interface HealArchive {
  /**
   * Resolves when the group is on disk.
   * @throws if that fails; then the group is not deleted
   */
  append(group: Group, raw: JsonObject): Promise<void>;
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
 * - `deleted`: the gateway no longer complains about it
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
/** How many groups are deleted on one read: few, so that it is still true for the last one. */
const batchSize = 50;
/** Deletions wait in the gateway's queue, up to 8 s behind checked pushes. */
const pausesSeconds = [0.1, 0.4, 1, 2, 4, 4];

/**
 * Deletes the groups whose remedy is certain, diagnoses again, and repeats that while there are more of them. Nothing else
 * is deleted, and nothing that changed since the diagnosis.
 *
 * This is not a sweep's deletion: that one needs labels that name their group, and an API that answers. Of these groups
 * some have labels that the API cannot show, and some break it.
 * @throws `RequestError` only when interrupted
 */
export async function heal(before: Diagnosis, options: HealOptions): Promise<Healing> {
  const steps: HealStep[] = [];
  const tried = new Set<string>();
  let diagnosis = before;
  for (let round = 0; round < maxRounds && !options.signal.aborted; round += 1) {
    const targets = certainCulprits(diagnosis.findings).filter((one) => !tried.has(pathsKey(one)));
    if (targets.length === 0) break;
    const done: HealStep[] = [];
    for (let start = 0; start < targets.length && !options.signal.aborted; start += batchSize) {
      const batch = targets.slice(start, start + batchSize);
      for (const target of batch) tried.add(pathsKey(target));
      done.push(...(await deleteBatch(batch, diagnosis, options)));
    }
    const deleted = done.filter(({ fate }) => fate === "deleted").map(({ culprit }) => pathsKey(culprit));
    if (deleted.length > 0) diagnosis = await diagnoseAgain(new Set(deleted), options);
    const left = new Set(certainCulprits(diagnosis.findings).map(pathsKey));
    const confirmed = done.map((step) => confirm(step, left, diagnosis));
    await recordOutcomes(confirmed, options.archive);
    steps.push(...confirmed);
  }
  return { steps, after: diagnosis };
}

async function deleteBatch(
  targets: readonly Culprit[],
  { api }: Diagnosis,
  options: HealOptions,
): Promise<readonly HealStep[]> {
  const current = api.state === "answers" ? await readTargets(targets, options) : null;
  const steps: HealStep[] = [];
  for (const culprit of targets) {
    if (options.signal.aborted) break;
    const key = labelsKey(culprit.labels);
    steps.push(await deleteCulprit(culprit, current === null ? unread : current.get(key), options));
    await options.wait(pauseBetweenSeconds, options.signal);
  }
  return steps;
}

/** A group as the API shows it just before its deletion. */
interface CurrentGroup {
  /** null: the API does not answer. */
  readonly group: Group | null;
  /** null: it cannot be archived, because the API does not answer or the group is over its budget. */
  readonly raw: JsonObject | null;
}

const unread: CurrentGroup = { group: null, raw: null };

async function readTargets(
  targets: readonly Culprit[],
  { client, clock, signal, gauges }: HealOptions,
): Promise<ReadonlyMap<string, CurrentGroup>> {
  const keys = new Set(targets.map(({ labels }) => labelsKey(labels)));
  const current = new Map<string, CurrentGroup>();
  const naming = { utf8Names: false };
  const open = await openApiSnapshot(client, clock, { naming, gauges, rawGroups: true, signal });
  await open.read((read) => {
    const { group } = read;
    const bytes = keys.has(group.key) ? read.raw() : undefined;
    if (bytes === undefined) return;
    current.set(group.key, { group, raw: bytes === null ? null : parseRawGroup(bytes) });
  });
  return current;
}

/**
 * Archives and deletes one group, if that is permitted.
 * @param current undefined: the API no longer shows it
 */
async function deleteCulprit(
  culprit: Culprit,
  current: CurrentGroup | undefined,
  { client, archive, mayLose, signal }: HealOptions,
): Promise<HealStep> {
  const end = (fate: HealFate, archived = false, message: string | null = null): HealStep => {
    return { culprit, fate, archived, message };
  };
  if (current === undefined) return end("gone_already");
  // Several groups may have the same labels in the API: then it is not known which of them this is.
  const { group, raw } = culprit.lastSuccessAt === null ? unread : current;
  if (group !== null && group.lastSuccessAt !== culprit.lastSuccessAt) return end("pushed_again");
  let archived = false;
  let problem: string | null = null;
  if (archive !== null && group !== null && raw !== null) {
    try {
      await archive.append(group, raw);
      archived = true;
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
      if (!mayLose) return end("archive_failed", false, problem);
    }
  } else if (!isFree(culprit) && !mayLose) return end("would_be_lost");
  try {
    await deletePaths(client, culprit.paths, { signal });
    return end("deleted", archived, problem);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return end("failed", archived, error.message);
  }
}

async function diagnoseAgain(deleted: ReadonlySet<string>, options: HealOptions): Promise<Diagnosis> {
  let diagnosis = await diagnose(options);
  for (const pause of pausesSeconds) {
    if (!certainCulprits(diagnosis.findings).some((one) => deleted.has(pathsKey(one)))) break;
    await options.wait(pause, options.signal);
    diagnosis = await diagnose(options);
  }
  return diagnosis;
}

/** A group counts as deleted only if it is gone: that the gateway accepted the DELETE is not enough. */
function confirm(step: HealStep, left: ReadonlySet<string>, { unreachable }: Diagnosis): HealStep {
  if (step.fate !== "deleted") return step;
  if (unreachable !== null) return { ...step, fate: "failed", message: unreachable.message };
  return left.has(pathsKey(step.culprit)) ? { ...step, fate: "still_there" } : step;
}

async function recordOutcomes(steps: readonly HealStep[], archive: HealArchive | null): Promise<void> {
  for (const { culprit, fate, archived } of steps) {
    if (!archived) continue;
    const outcome = fate === "deleted" ? "gone" : fate === "still_there" ? "still_there" : "failed";
    await archive?.recordOutcome(labelsKey(culprit.labels), outcome);
  }
}
