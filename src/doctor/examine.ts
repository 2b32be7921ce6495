import type { Limits } from "../core/limits.ts";
import { createPlan } from "../core/plan.ts";
import type { Rule } from "../core/rule.ts";
import { countGroups } from "../core/totals.ts";
import { diagnose } from "./diagnose.ts";
import { conditionOf, type Diagnosis } from "./diagnosis.ts";
import { heal, type Healing, type HealOptions } from "./heal.ts";
import { probePush, type PushProbe } from "./probe-push.ts";

export interface ExamineOptions extends HealOptions {
  /** Empty: nothing is said about expired groups. */
  readonly rules: readonly Rule[];
  readonly limits: Limits;
  /** Whether to delete the groups whose remedy is certain. */
  readonly heal: boolean;
  /** Whether to measure a push. */
  readonly probe: boolean;
}

/** The result of the doctor's work at one gateway. */
export interface DoctorReport {
  /** The first, before anything was healed. */
  readonly diagnosis: Diagnosis;
  /** null: without `--heal`, or there was nothing to heal. */
  readonly healing: Healing | null;
  /** null: without `--probe`. */
  readonly probe: PushProbe | null;
  /**
   * How many groups have expired by the rules, also those that a limit would withhold. null: not known, because there are
   * no rules, no groups were read, or the time is not known.
   */
  readonly expiredGroups: number | null;
}

/**
 * Diagnoses one gateway, heals it and measures a push, as far as the options want.
 * @throws `RequestError` only when interrupted
 */
export async function examine(options: ExamineOptions): Promise<DoctorReport> {
  const { client, clock, signal } = options;
  const diagnosis = await diagnose(options);
  const wantsHealing = options.heal && conditionOf(diagnosis) === "inconsistent";
  const healing = wantsHealing ? await heal(diagnosis, options) : null;
  const wantsProbe = options.probe && diagnosis.unreachable === null;
  const probe = wantsProbe ? await probePush(client, clock, signal) : null;
  return { diagnosis, healing, probe, expiredGroups: countExpired(healing?.after ?? diagnosis, options) };
}

function countExpired(
  { groups, snapshot, status }: Diagnosis,
  { rules, limits }: ExamineOptions,
): number | null {
  if (snapshot === null || snapshot.takenAt === null || rules.length === 0) return null;
  const gatewayStartedAt = status?.startedAt ?? null;
  const { decisions } = createPlan({ groups, now: snapshot.takenAt, gatewayStartedAt, rules, limits });
  return countGroups(decisions).expired;
}
