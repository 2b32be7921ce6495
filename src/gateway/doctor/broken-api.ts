import type { Clock } from "../../core/clock.ts";
import type { ExpositionState, Finding, GatewayFault } from "../../core/diagnosis.ts";
import { failureTimeName } from "../../core/family.ts";
import { findRemedy } from "../../core/remedy.ts";
import type { GatewayClient } from "../client.ts";
import { readPushTimes } from "../exposition/push-times.ts";
import { GatewayError } from "../gateway-error.ts";
import type { GatewayStatus } from "../status.ts";
import { findApiBreakers } from "./api-breaker.ts";

export interface BreakerOptions {
  readonly client: GatewayClient;
  readonly clock: Clock;
  /** Groups that the operator said may go; see `findRemedy`. */
  readonly released: ReadonlySet<string>;
  readonly signal?: AbortSignal | undefined;
}

/** Whether it was no accident. A gateway that panics does so before it has built an answer: asking again is cheap. */
export async function closesConnection(
  client: GatewayClient,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    const response = await client.open({ method: "GET", path: "/api/v1/metrics", signal });
    response.close();
    return false;
  } catch (error) {
    return toFault(error).code === "no_answer";
  }
}

/** Who it is, as far as `/metrics` tells. */
export async function accuseBreaker(
  { client, clock, released, signal }: BreakerOptions,
  { expositionPath, ...naming }: Pick<GatewayStatus, "expositionPath" | "utf8Names">,
  exposition: ExpositionState,
): Promise<readonly Finding[]> {
  const nameless = { reason: "empty_family", family: failureTimeName, sides: [] } as const;
  const symptom = "GET /api/v1/metrics: the connection is closed without an answer";
  if (exposition.state !== "consistent") {
    const why =
      "the group that breaks the API can only be told once /metrics answers again: heal the other first";
    return [{ ...nameless, evidence: symptom, remedy: { kind: "none", why } }];
  }
  const breakers = await readPushTimes(client, clock, { path: expositionPath, signal }).then(
    (times) => findApiBreakers(times, naming),
    (error: unknown) => (toFault(error), []),
  );
  const [newest, ...others] = breakers;
  if (newest === undefined) {
    const why = "no group in /metrics lacks its push_failure_time_seconds, so none can be named";
    return [{ ...nameless, evidence: symptom, remedy: { kind: "none", why } }];
  }
  const more =
    others.length === 0
      ? ""
      : `; ${others.length} older groups lack it, too, and are looked at only if this was not all`;
  const evidence = `${symptom}; this group has no push_failure_time_seconds in /metrics${more}`;
  return [{ ...nameless, evidence, sides: [[newest]], remedy: findRemedy([[newest]], released) }];
}

/** @throws what is no fault of the gateway: an interruption, or a bug */
export function toFault(error: unknown): GatewayFault {
  if (!(error instanceof GatewayError) || error.code === "aborted") throw error;
  return { code: error.code, message: error.message };
}
