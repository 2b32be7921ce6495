import type { Clock } from "../core/time.ts";
import type { Limits } from "../core/limits.ts";
import { createPlan } from "../core/plan.ts";
import type { Rule } from "../core/rule.ts";
import { countGroups } from "../core/totals.ts";
import type { HttpClient } from "../http/client.ts";
import { deletePaths } from "../gateway/gateway.ts";
import { excerpt } from "../http/expect-success.ts";
import { toFault } from "./broken-api.ts";
import { diagnose } from "./diagnose.ts";
import type { DiagnoseOptions, Diagnosis } from "./diagnosis.ts";

interface ExamineOptions extends DiagnoseOptions {
  /** Empty: nothing is said about expired groups. */
  readonly rules: readonly Rule[];
  readonly limits: Limits;
  /** Whether to measure a push. */
  readonly probe: boolean;
}

/** The result of the doctor's work at one gateway. */
export interface DoctorReport {
  readonly diagnosis: Diagnosis;
  /** null: without `--probe`. */
  readonly probe: PushProbe | null;
  /**
   * How many groups have expired by the rules, also those that a limit would withhold. null: not known, because there are
   * no rules, no groups were read, or the time is not known.
   */
  readonly expiredGroups: number | null;
}

/**
 * Diagnoses one gateway, and measures a push if the options ask for it.
 * @throws `RequestError` only when interrupted
 */
export async function examine(options: ExamineOptions): Promise<DoctorReport> {
  const diagnosis = await diagnose(options);
  const wantsProbe = options.probe && diagnosis.unreachable === null;
  const probe = wantsProbe ? await probePush(options.client, options.clock, options.signal) : null;
  return { diagnosis, probe, expiredGroups: countExpired(diagnosis, options) };
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

/** The result of the doctor's own pushes. */
export interface PushProbe {
  readonly accepted: boolean;
  /** The median of the pushes. */
  readonly durationSeconds: number;
  /** Why the push was refused, or why the probe's group could not be deleted; null: neither. */
  readonly message: string | null;
}

const probePath = "/metrics/job/pushgateway-janitor-doctor";
const probeBody = "# TYPE pushgateway_janitor_doctor_probe gauge\npushgateway_janitor_doctor_probe 1\n";

/** A single push may meet a pause of the gateway. Three fast ones cost little; slow ones are not repeated. */
const probes = 3;
const enoughSeconds = 1;

/**
 * Measures how long a push takes by pushing to a group of its own. That group is deleted again, also when the push was
 * refused: the gateway keeps the times of refused pushes, too.
 * @throws `RequestError` only when interrupted
 */
async function probePush(client: HttpClient, clock: Clock, signal: AbortSignal): Promise<PushProbe> {
  const durations: number[] = [];
  let message: string | null = null;
  try {
    for (let spent = 0; message === null && durations.length < probes && spent < enoughSeconds;) {
      const startedAt = clock.monotonic();
      message = await push(client, signal);
      const duration = clock.monotonic() - startedAt;
      durations.push(duration);
      spent += duration;
    }
  } finally {
    // Without the signal: an interrupted doctor deletes its group, too.
    await deletePaths(client, [probePath]).catch((error: unknown) => {
      message ??= `the probe's own group could not be deleted: ${toFault(error).message}`;
    });
  }
  const middle = durations.toSorted((a, b) => a - b)[Math.floor(durations.length / 2)] ?? 0;
  return { accepted: message === null, durationSeconds: middle, message };
}

/** @returns why the push was not accepted; null: it was */
async function push(client: HttpClient, signal: AbortSignal): Promise<string | null> {
  try {
    const request = { method: "PUT", path: probePath, body: probeBody, signal } as const;
    const { status, text, approach } = await client.send(request);
    return status === 200 || status === 202 ? null : `HTTP ${status}${excerpt(text, approach.redact)}`;
  } catch (error) {
    return toFault(error).message;
  }
}
