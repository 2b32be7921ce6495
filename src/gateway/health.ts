import type { Clock } from "../core/clock.ts";
import type { GatewayClient } from "./client.ts";
import { GatewayError } from "./gateway-error.ts";

export interface HealthProbe {
  readonly healthy: boolean;
  readonly durationSeconds: number;
}

const timeoutSeconds = 2;

/**
 * One look at `/-/healthy`: 200, or 500 while the write queue is full. Beside whatever else is under way, as a liveness probe
 * would look.
 * @throws {@link GatewayError} with the code `aborted` only; no answer is not healthy
 */
export async function probeHealth(
  client: GatewayClient,
  clock: Clock,
  signal?: AbortSignal,
): Promise<HealthProbe> {
  const startedAt = clock.monotonic();
  const request = { method: "GET", path: "/-/healthy", timeoutSeconds, signal, aside: true } as const;
  const status = await client.send(request).then(
    (response) => response.status,
    (error: unknown) => {
      if (error instanceof GatewayError && error.code !== "aborted") return null;
      throw error;
    },
  );
  return { healthy: status === 200, durationSeconds: clock.monotonic() - startedAt };
}
