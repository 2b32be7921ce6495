import type { Diagnosis } from "../../core/diagnosis.ts";
import type { Healing, HealStep } from "../../core/doctor-report.ts";
import { labelsKey } from "../../core/labels.ts";
import type { Culprit } from "../../core/remedy.ts";
import { harmlessRate } from "../pace.ts";
import { diagnose } from "./diagnose.ts";
import { deleteOne, prepareFromApi, unknown, type HealArchive, type HealOptions } from "./heal-target.ts";

/** A gateway may hold more than one break, and some show only when others are gone. */
const maxRounds = 20;
const pauseBetweenSeconds = 1 / harmlessRate;
/** Deletions wait in the gateway's queue, up to 8 s behind checked pushes. */
const pausesSeconds = [0, 0.1, 0.4, 1, 2, 4, 4];

/**
 * Deletes the groups that the diagnosis names beyond doubt, looks again, and goes on while that shows more of them.
 * Nothing else is deleted, and nothing that changed since the diagnosis.
 * @throws `GatewayError` only when interrupted
 */
export async function heal(before: Diagnosis, options: HealOptions): Promise<Healing> {
  const steps: HealStep[] = [];
  const tried = new Set<string>();
  let diagnosis = before;
  for (let round = 0; round < maxRounds && !options.signal.aborted; round += 1) {
    const targets = certainCulprits(diagnosis).filter((culprit) => !tried.has(nameOf(culprit)));
    if (targets.length === 0) break;
    for (const target of targets) tried.add(nameOf(target));
    const done = await deleteTargets(targets, diagnosis, options);
    const deleted = done.filter(({ fate }) => fate === "deleted").map(({ culprit }) => culprit);
    diagnosis = deleted.length === 0 ? diagnosis : await lookAgain(deleted, options);
    const left = new Set(certainCulprits(diagnosis).map(nameOf));
    const confirmed = done.map((step) => confirm(step, left, diagnosis));
    await recordOutcomes(confirmed, options.archive);
    steps.push(...confirmed);
  }
  return { steps, after: diagnosis };
}

function certainCulprits({ findings }: Diagnosis): readonly Culprit[] {
  const culprits = findings.flatMap(({ remedy }) => (remedy.kind === "certain" ? remedy.groups : []));
  return [...new Map(culprits.map((culprit) => [nameOf(culprit), culprit])).values()];
}

/** What is deleted is what its paths say. */
function nameOf({ paths }: Culprit): string {
  return paths.join(" ");
}

/** A deletion that the gateway only accepted is no deletion. */
function confirm(step: HealStep, left: ReadonlySet<string>, { unreachable }: Diagnosis): HealStep {
  if (step.fate !== "deleted") return step;
  if (unreachable !== null) return { ...step, fate: "failed", message: unreachable.message };
  return left.has(nameOf(step.culprit)) ? { ...step, fate: "still_there" } : step;
}

async function recordOutcomes(steps: readonly HealStep[], archive: HealArchive | null): Promise<void> {
  for (const { culprit, fate, archived } of steps) {
    if (!archived) continue;
    const outcome = fate === "deleted" ? "gone" : fate === "still_there" ? "still_there" : "failed";
    await archive?.recordOutcome(labelsKey(culprit.labels), outcome);
  }
}

async function lookAgain(deleted: readonly Culprit[], options: HealOptions): Promise<Diagnosis> {
  const names = new Set(deleted.map(nameOf));
  let diagnosis: Diagnosis | null = null;
  for (const pause of pausesSeconds) {
    await options.wait(pause, options.signal);
    diagnosis = await diagnose(options);
    if (!certainCulprits(diagnosis).some((culprit) => names.has(nameOf(culprit)))) break;
  }
  return diagnosis ?? (await diagnose(options));
}

async function deleteTargets(
  targets: readonly Culprit[],
  { api }: Diagnosis,
  options: HealOptions,
): Promise<readonly HealStep[]> {
  const prepared =
    api.state === "answers"
      ? await prepareFromApi(targets, options)
      : new Map(targets.map((target) => [target, unknown]));
  const steps: HealStep[] = [];
  for (const culprit of targets) {
    if (options.signal.aborted) break;
    steps.push(await deleteOne(culprit, prepared.get(culprit), options));
    await options.wait(pauseBetweenSeconds, options.signal);
  }
  return steps;
}
