import type { Clock } from "../../core/clock.ts";
import type { PushProbe } from "../../core/doctor-report.ts";
import type { GatewayClient } from "../client.ts";
import { deletePaths } from "../delete-paths.ts";
import { excerpt } from "../expect-success.ts";
import { GatewayError } from "../gateway-error.ts";

/** The probe's own group; nothing else in the world is called this. */
const probePath = "/metrics/job/pushgateway-janitor-doctor";
const probeBody = "# TYPE pushgateway_janitor_doctor_probe gauge\npushgateway_janitor_doctor_probe 1\n";

/** One push may meet a pause of the gateway; three quick ones cost little, three slow ones a lot. */
const probes = 3;
const enoughSeconds = 1;

/**
 * Measures what a push takes by pushing to a group of its own, which is deleted again, also when the push was refused:
 * the gateway keeps a group for that, too.
 * @throws {@link GatewayError} only when interrupted
 */
export async function probePush(
  client: GatewayClient,
  clock: Clock,
  signal?: AbortSignal,
): Promise<PushProbe> {
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

/** What the gateway has against the push. */
async function push(client: GatewayClient, signal: AbortSignal | undefined): Promise<string | null> {
  try {
    const request = { method: "PUT", path: probePath, body: probeBody, signal } as const;
    const { status, text, approach } = await client.send(request);
    return status === 200 || status === 202 ? null : `HTTP ${status}${excerpt(text, approach.redact)}`;
  } catch (error) {
    return messageOf(error);
  }
}

/** Not under the caller's signal: an interrupted doctor leaves nothing behind either. */
async function remove(client: GatewayClient): Promise<string | null> {
  try {
    await deletePaths(client, [probePath]);
    return null;
  } catch (error) {
    return `the probe's own group is left behind: ${messageOf(error)}`;
  }
}

function messageOf(error: unknown): string {
  if (error instanceof GatewayError && error.code !== "aborted") return error.message;
  throw error;
}
