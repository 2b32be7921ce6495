import type { Clock } from "../core/time.ts";
import type { HttpClient } from "../http/client.ts";
import { expectSuccess } from "../http/expect-success.ts";
import { RequestError } from "../http/request-error.ts";

/**
 * - `healthy`: 200
 * - `unhealthy`: the gateway says so (500: its write queue is full), or does not answer
 * - `limited`: something asks for fewer requests (429, or 503 with `Retry-After`): nothing is known about the gateway
 * - `blocked`: something in front of the gateway does not let the request through: nothing is ever known about the gateway
 */
export type Health = "healthy" | "unhealthy" | "limited" | "blocked";

export interface HealthProbe {
  readonly health: Health;
  readonly durationSeconds: number;
  /** URL, status and remedy; null: healthy. */
  readonly problem: string | null;
  /** How long the answer asks to wait; 0 unless `limited`. */
  readonly retryAfterSeconds: number;
}

const timeoutSeconds = 2;

/** Not the gateway's own answers, and the same again at the next try. */
const blockingStatuses: ReadonlySet<number> = new Set([401, 403, 404, 405, 407]);

/**
 * One request of `/-/healthy`, as a liveness probe sends it: on a connection of its own, with a timeout of 2 s.
 * @throws {@link RequestError} with the code `aborted` only; no answer is `unhealthy`
 */
export async function probeHealth(
  client: HttpClient,
  clock: Clock,
  signal?: AbortSignal,
): Promise<HealthProbe> {
  const path = "/-/healthy";
  const startedAt = clock.monotonic();
  const probe = (health: Health, error: RequestError | null = null): HealthProbe => ({
    health,
    durationSeconds: clock.monotonic() - startedAt,
    problem: error === null ? null : error.message,
    retryAfterSeconds: error?.retryAfterSeconds ?? 0,
  });
  try {
    const response = await client.send({ method: "GET", path, timeoutSeconds, signal, connection: "aside" });
    expectSuccess({ method: "GET", url: client.urlOf(path) }, response);
    return probe("healthy");
  } catch (error) {
    if (!(error instanceof RequestError) || error.code === "aborted") throw error;
    return probe(healthOf(error), error);
  }
}

function healthOf({ code, httpStatus, retryAfterSeconds }: RequestError): Health {
  if (retryAfterSeconds !== null) return "limited";
  const isBlocked = code === "redirect" || (httpStatus !== null && blockingStatuses.has(httpStatus));
  return isBlocked ? "blocked" : "unhealthy";
}
