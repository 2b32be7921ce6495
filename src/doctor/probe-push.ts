import type { Clock } from "../core/time.ts";
import type { HttpClient } from "../http/client.ts";
import { deletePaths } from "../gateway/delete-paths.ts";
import { excerpt } from "../http/expect-success.ts";
import { RequestError } from "../http/request-error.ts";

/** The result of pushes of the doctor's own. */
export interface PushProbe {
  readonly accepted: boolean;
  /** The median of the pushes. */
  readonly durationSeconds: number;
  /** Why the push was refused, or why the probe's group could not be deleted; null: neither. */
  readonly message: string | null;
}

/** The probe's own group; nobody else uses this name. */
const probePath = "/metrics/job/pushgateway-janitor-doctor";
const probeBody = "# TYPE pushgateway_janitor_doctor_probe gauge\npushgateway_janitor_doctor_probe 1\n";

/** A single push may meet a pause of the gateway. Three fast ones cost little; slow ones are not repeated. */
const probes = 3;
const enoughSeconds = 1;

/**
 * Measures how long a push takes by pushing to a group of its own. That group is deleted again, also when the push was
 * refused: the gateway keeps the times of refused pushes, too.
 * @throws {@link RequestError} only when interrupted
 */
export async function probePush(client: HttpClient, clock: Clock, signal?: AbortSignal): Promise<PushProbe> {
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
    const left = await remove(client);
    message ??= left;
  }
  const middle = durations.toSorted((a, b) => a - b)[Math.floor(durations.length / 2)] ?? 0;
  return { accepted: message === null, durationSeconds: middle, message };
}

/** @returns why the push was not accepted; null: it was */
async function push(client: HttpClient, signal: AbortSignal | undefined): Promise<string | null> {
  try {
    const request = { method: "PUT", path: probePath, body: probeBody, signal } as const;
    const { status, text, approach } = await client.send(request);
    return status === 200 || status === 202 ? null : `HTTP ${status}${excerpt(text, approach.redact)}`;
  } catch (error) {
    return messageOf(error);
  }
}

/** Without the caller's signal: an interrupted doctor deletes its group, too. */
async function remove(client: HttpClient): Promise<string | null> {
  try {
    await deletePaths(client, [probePath]);
    return null;
  } catch (error) {
    return `the probe's own group is left behind: ${messageOf(error)}`;
  }
}

function messageOf(error: unknown): string {
  if (error instanceof RequestError && error.code !== "aborted") return error.message;
  throw error;
}
